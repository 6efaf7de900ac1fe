// Shows what this installation lets anybody know; in demo mode, the accounts and the chat button of an embedded site.
const ROLES = { "agent@demo.local": "坐席", "agent2@demo.local": "坐席", "editor@demo.local": "知识编辑", "admin@demo.local": "管理员" };
const info = await fetch("/api/v1/public/info").then((response) => response.json()).catch(() => null);
if (info) {
  document.getElementById("version").textContent = `版本 ${info.version}`;
  if (info.demo) {
    document.getElementById("password").textContent = info.demo_password;
    for (const account of info.demo_accounts) {
      const item = document.createElement("li");
      const code = document.createElement("code");
      code.textContent = account;
      item.append(code, ` ${ROLES[account] ?? ""}`);
      document.getElementById("accounts").append(item);
    }
    document.getElementById("demo").hidden = false;
    const widget = document.createElement("script");
    widget.src = "/widget.js";
    widget.dataset.siteKey = "demo";
    document.body.append(widget);
  } else {
    document.getElementById("chat").hidden = true;
  }
}
