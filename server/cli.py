"""The command line `yingda`. Each command reads its options and calls one function of server.commands."""

import json
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
app.add_typer(kb, name="kb")
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
    from server.commands.tenant import init_database

    init_database(_settings())
    typer.echo("数据库已就绪。")


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


@kb.command("import")
def kb_import(
    files: Annotated[list[Path], typer.Argument(help="知识文件（JSONL）")], slug: Slug, as_json: AsJson = False
) -> None:
    """导入知识；同一文件导入两次没有变化。"""
    from server.commands.kb import import_files

    totals = import_files(_settings(), files, slug)
    if as_json:
        _print_json(totals)
    else:
        typer.echo("新增 {added} 条，更新 {changed} 条，未变 {unchanged} 条，跳过 {problems} 行。".format(**totals))


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
