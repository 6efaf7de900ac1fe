"""Why a web page is refused."""

from kb_ingest.refusals import FileRefused


class AddressRefused(FileRefused):
    code = "address_refused"
    zh = "这个地址不能读取：只读公网上的 http、https 网页（80、443 端口），不读内网、本机和带密码的地址。"
    en = "This address cannot be read: only public http and https pages on ports 80 and 443, without credentials."


class PageUnreachable(FileRefused):
    code = "page_unreachable"
    zh = "网页打不开（{reason}），请检查地址后再试。"
    en = "The page cannot be opened ({reason}). Check the address and try again."


class PageTooLarge(FileRefused):
    code = "page_too_large"
    zh, en = "网页超过 {limit} MB，不导入。", "The page is larger than {limit} MB and is not imported."


class NotAPage(FileRefused):
    code = "page_unsupported"
    zh = "这个地址给的不是网页（{kind}）。请把文件下载下来再导入。"
    en = "This address does not hold a web page ({kind}). Download the file and import that."


class RobotsForbid(FileRefused):
    code = "page_forbidden_by_robots"
    zh = "网站的 robots.txt 不允许读取这个网页（或 robots.txt 打不开）。"
    en = "The site's robots.txt does not allow this page to be read (or robots.txt itself cannot be opened)."
