"""The command line `yingda`. Each command reads its options and calls one function of server.commands."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from core.errors import DomainError, UsageProblem
from core.settings import Settings, limit_compute_threads

limit_compute_threads()  # before any command imports numpy

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="应答 Yingda：开源、自托管的智能客服。",
)
kb = typer.Typer(no_args_is_help=True, help="知识的导入与导出。")
tenant = typer.Typer(no_args_is_help=True, help="租户。")
audit = typer.Typer(no_args_is_help=True, help="审计日志。")
app.add_typer(kb, name="kb")
app.add_typer(audit, name="audit")
app.add_typer(tenant, name="tenant")

Host = Annotated[str | None, typer.Option("--host", help="监听地址（默认 127.0.0.1）")]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="监听端口（默认 8000）")]
Slug = Annotated[str, typer.Option("--tenant", help="租户名")]
AsJson = Annotated[bool, typer.Option("--json", help="结果以一行 JSON 输出")]
KbFile = Annotated[Path, typer.Option("--kb", help="知识库 JSONL")]
QueriesFile = Annotated[Path, typer.Option("--queries", help="问题 JSONL")]


def _settings(**overrides: Any) -> Settings:
    return Settings(**{name: value for name, value in overrides.items() if value is not None})


@app.command()
def demo(host: Host = None, port: Port = None) -> None:
    """一条命令看演示：建库、载入演示租户、启动服务。第二次运行几秒即可，数据保留。"""
    from server.commands.serve import demo as run

    run(_settings(host=host, port=port, demo=True, log_format="console"))


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="进程数，大于 1 需要 PostgreSQL 与 Redis")
    ] = None,
) -> None:
    """启动服务。"""
    from server.commands.serve import serve as run

    run(_settings(host=host, port=port, workers=workers))


@app.command()
def init() -> None:
    """创建或升级数据库；重复运行无害。"""
    from server.commands.serve import setup_lines
    from server.commands.tenant import init_database

    settings = _settings()
    token = init_database(settings)
    typer.echo("数据库已就绪。")
    for line in setup_lines(token, f"http://127.0.0.1:{settings.port}"):
        typer.echo(line)


@tenant.command("create")
def tenant_create(
    slug: Annotated[str, typer.Argument(help="租户名：小写字母、数字、连字符")],
    name: Annotated[str, typer.Option("--name", help="公司名称")],
    admin_email: Annotated[str, typer.Option("--admin-email", help="第一位管理员的邮箱")],
    password: Annotated[
        str | None, typer.Option("--password", envvar="YINGDA_ADMIN_PASSWORD", help="不给则随机生成")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """新建租户：含一个网站渠道和第一位管理员。"""
    from server.commands.tenant import make_tenant

    made = make_tenant(_settings(), slug=slug, name=name, admin_email=admin_email, password=password)
    if as_json:
        _print_json(
            {"slug": made.slug, "site_key": made.site_key, "admin": made.admin_email, "password": made.password}
        )
        return
    typer.echo(f"租户 {made.slug} 已建立。\n  网站 site key：{made.site_key}\n  管理员：{made.admin_email}")
    if made.password:
        typer.echo(f"  初始密码：{made.password}（只显示这一次）")


@tenant.command("disable-demo")
def tenant_disable_demo() -> None:
    """停用公开演示密码能登录的账号；正式使用演示数据目录之前要做。"""
    from server.commands.tenant import disable_demo

    typer.echo(f"已停用 {disable_demo(_settings())} 个演示账号。")


@kb.command("import")
def kb_import(
    items: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE…",
            help="jsonl、csv、xlsx、docx、pdf、pptx、html、md、txt、Rasa yml 或它们的 zip；网页或 sitemap 的网址",
        ),
    ],
    slug: Slug,
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="表格的列名=字段，例如 客户问题=question；可写多次")
    ] = None,
    pages: Annotated[int, typer.Option("--pages", min=1, max=5000, help="一个 sitemap 最多读多少页")] = 100,
    intranet: Annotated[
        list[str] | None, typer.Option("--intranet", help="允许读取的内网网站，主机:端口；默认只读公网")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会发生什么，不写入")] = False,
    as_json: AsJson = False,
) -> None:
    """导入知识；同一文件导入两次没有变化。有文件整个不能导入时，其余照常导入，退出码为 1。"""
    from server.commands import kb as command

    request = command.Request(items, columns or (), intranet or (), pages, dry_run)
    report = command.import_knowledge(_settings(), slug, request)
    if as_json:
        command.print_problems(report)
        _print_json(asdict(report))
    else:
        command.print_report(report)
    if report.refused:
        raise typer.Exit(1)


@kb.command("template")
def kb_template(out: Annotated[Path, typer.Argument(help="要写的文件，.xlsx 或 .csv")]) -> None:
    """写一个可以照着填写的表格。"""
    from server.commands.kb import write_template_file

    write_template_file(out)
    typer.echo(f"已写好 {out}。填好后：yingda kb import {out} --tenant 租户名")


@kb.command("export")
def kb_export(
    slug: Slug, out: Annotated[Path, typer.Option("--out", help="输出文件")], as_json: AsJson = False
) -> None:
    """导出知识，可原样再导入。"""
    from server.commands.kb import export_file

    count = export_file(_settings(), slug, out)
    if as_json:
        _print_json({"entries": count})
    else:
        typer.echo(f"已导出 {count} 条到 {out}。")


@audit.command("verify")
def audit_verify(
    slug: Annotated[str | None, typer.Option("--tenant", help="租户名；不给则全部")] = None, as_json: AsJson = False
) -> None:
    """核对审计日志：有没有哪一条被改动、删除、插入、伪造或截断。"""
    from server.commands.audit import verify

    reports = verify(_settings(), slug)
    if as_json:
        _print_json([{"tenant": r.slug, "entries": r.verdict.entries, "finding": r.finding} for r in reports])
    else:
        for report in reports:
            typer.echo(f"{report.slug}：{report.finding or '完好'}（已核对 {report.verdict.entries} 条）")
    if any(report.finding for report in reports):
        raise typer.Exit(1)


@app.command()
def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只数一数，不删")] = False,
    slug: Annotated[str | None, typer.Option("--tenant", help="租户名；不给则全部")] = None,
    as_json: AsJson = False,
) -> None:
    """按各租户的保留期清理过期数据；服务运行时每小时自动做一次。"""
    from server.commands.retention import run_retention

    results = run_retention(_settings(), slug, dry_run=dry_run)
    if as_json:
        _print_json({name: asdict(expired) for name, expired in results.items()})
        return
    for name, expired in results.items():
        counts = "会话 {conversations}，作答依据 {answer_traces}，客户 {contacts}，令牌 {tokens}".format(
            **asdict(expired)
        )
        typer.echo(f"{name}：{'到期' if dry_run else '已清理'} {counts}")


@app.command()
def answer(
    kb_file: KbFile,
    queries: QueriesFile,
    out: Annotated[Path, typer.Option("--out", help="答案 JSONL")],
    tenant_config: Annotated[Path | None, typer.Option("--tenant-config", help="租户配置 TOML")] = None,
) -> None:
    """离线回答一个文件的问题，与服务走同一条路径。最后打印一行 JSON 统计。"""
    from server.commands.answer import run_answer

    _print_json(run_answer(kb_file, queries, out, tenant_config))


@app.command("eval")
def evaluate(
    kb_file: KbFile,
    queries: QueriesFile,
    report: Annotated[Path | None, typer.Option("--report", help="报告目录")] = None,
) -> None:
    """用标注的问题评测：命中率、拒识、校准、覆盖率；可输出 Markdown、JSON 与图。"""
    from server.commands.evaluate import run_eval

    _print_json(run_eval(kb_file, queries, report))


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="备份文件")], as_json: AsJson = False) -> None:
    """备份整个系统到一个文件；服务可以照常运行。文件含全部客户数据与审计密钥，请妥善保管。"""
    from server.commands.backup import backup as run

    manifest = run(_settings(), file)
    if as_json:
        _print_json(manifest)
    else:
        typer.echo(f"已备份 {sum(table['rows'] for table in manifest['tables'].values())} 行到 {file}。")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="备份文件")], as_json: AsJson = False) -> None:
    """恢复到一个空的系统，并逐表核对校验和。"""
    from server.commands.backup import restore as run

    manifest = run(_settings(), file)
    if as_json:
        _print_json(manifest)
    else:
        typer.echo(f"已恢复 {sum(table['rows'] for table in manifest['tables'].values())} 行，各表校验和一致。")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """检查安装，说明要修什么。"""
    from server.commands.doctor import examine

    findings = examine(_settings())
    if as_json:
        _print_json([{"name": f.name, "state": f.state, "ok": f.is_well, "advice": f.advice} for f in findings])
    else:
        for finding in findings:
            typer.echo(f"{'✓' if finding.is_well else '✗'} {finding.name}：{finding.state}")
            if finding.advice:
                typer.echo(f"    → {finding.advice}")
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


@app.command()
def check() -> None:
    """格式、规范、类型、导入方向、项目规则。"""
    from server.commands.dev import check as run

    raise typer.Exit(1 if run() else 0)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """运行全部测试；其余参数交给 pytest。"""
    from server.commands.dev import test as run

    raise typer.Exit(run(context.args))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def chaos(context: typer.Context) -> None:
    """故障演练：真实客户端在聊，服务、PostgreSQL、Redis 反复被杀，检查器核对承诺；结果写入 docs/chaos-report.md。

    选项：--minutes N（默认 2）、--database sqlite|postgresql|both、--seed N、--rounds N、--visitors N、--report FILE。
    """
    from server.commands.dev import chaos as run

    raise typer.Exit(run(context.args))


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))


def main() -> None:
    """Runs the command line; what a person can mend is told in a sentence, without a traceback."""
    try:
        app()
    except (DomainError, UsageProblem) as error:
        typer.echo(f"错误：{error}", err=True)
        raise SystemExit(1) from error
    except ValidationError as error:
        for item in error.errors():
            name = "YINGDA_" + "_".join(str(part) for part in item["loc"]).upper()
            typer.echo(f"错误：设置 {name} 不正确：{item['msg']}", err=True)
        raise SystemExit(1) from error
    except OSError as error:
        typer.echo(f"错误：{error.filename or ''} {error.strerror or error}", err=True)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
