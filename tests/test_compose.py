"""The production topology, read by the real Compose."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from workers.serve import AT_LAST
from workers.settings import Settings

ROOT = Path(__file__).parent.parent
PASSWORDS = {
    "TEMPORAL_DB_PASSWORD": "first-for-tests",
    "REGISTRY_DB_PASSWORD": "second-for-tests",
    "REGISTRY_OWNER_PASSWORD": "third-for-tests",
    "REGISTRY_WORKER_PASSWORD": "fourth-for-tests",
    "REGISTRY_READER_PASSWORD": "fifth-for-tests",
    "CODEC_PASSWORD": "sixth-for-tests",
}
ONE_SHOTS = {"keys", "temporal-schema", "namespace", "migrate", "schedules"}
WORKERS = ("worker", "worker-2")
LONG_RUNNING = {"temporal-db", "temporal", "temporal-ui", "registry-db", *WORKERS, "codec"}


def compose(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Compose itself, on an empty environment: neither a `.env` nor the shell's settings count."""
    # The console script of the package always exits 0; the binary beside it does not.
    package = importlib.util.find_spec("compose")
    assert package is not None
    assert package.origin is not None
    binary = Path(package.origin).with_name("docker-compose")
    options = ["--project-directory", str(ROOT), "--file", str(ROOT / "docker-compose.yml")]
    if "--env-file" not in arguments:
        options += ["--env-file", os.devnull]
    return subprocess.run(
        [str(binary), *options, *arguments],
        # Where the engine is, and its client's plugins: of no concern to what only reads the files.
        env={"HOME": "/nonexistent", "PATH": os.environ["PATH"], **_engine(), **environment},
        capture_output=True,
        text=True,
        timeout=1800,  # of an engine that builds an image
        check=False,
    )


def _engine() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}


@cache
def topology() -> dict[str, Any]:
    done = compose("config", "--format", "json", **PASSWORDS)
    assert done.returncode == 0, done.stderr
    parsed: dict[str, Any] = json.loads(done.stdout)
    return parsed


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = topology()["services"]
    return found


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_compose_reads_the_file_without_a_complaint() -> None:
    done = compose("config", "--quiet", **PASSWORDS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert set(services()) == ONE_SHOTS | LONG_RUNNING


@pytest.mark.parametrize("missing", PASSWORDS)
@pytest.mark.parametrize("as_empty", [False, True], ids=["absent", "empty"])
def test_a_missing_password_stops_compose_with_one_sentence(missing: str, as_empty: bool) -> None:
    given = {**PASSWORDS, missing: ""}
    if not as_empty:
        del given[missing]
    done = compose("config", "--quiet", **given)
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1
    assert f"set {missing} in .env, see .env.example" in done.stderr


def test_the_example_names_what_is_required_and_gives_no_value(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    assignments = [line for line in example.splitlines() if line and not line.startswith("#")]
    assert sorted(assignments) == sorted(f"{name}=" for name in PASSWORDS)

    filled = tmp_path / "env"
    filled.write_text("".join(f"{line}0123abcd\n" for line in assignments), "utf-8")
    assert compose("--env-file", str(ROOT / ".env.example"), "config", "-q").returncode != 0
    assert compose("--env-file", str(filled), "config", "-q").returncode == 0


def test_passwords_come_from_outside_and_reach_only_who_needs_them() -> None:
    written = (ROOT / "docker-compose.yml").read_text("utf-8")
    for expression in re.findall(r"\$+\{?[^\s]+", written):
        assert re.match(r"\$\{[A-Z_]+:\?", expression), f"{expression} has a default or none"

    holders: dict[str, set[str]] = {password: set() for password in PASSWORDS.values()}
    for name, service in services().items():
        for key, value in (service.get("environment") or {}).items():
            if key == "TEMPORAL_CODEC_INCLUDE_CREDENTIALS":
                continue  # whether a browser sends what it has
            if re.search(r"PASSWORD|PASSWD|PWD|SECRET|TOKEN|CREDENTIAL|PRIVATE", key):
                assert value in holders, f"{name}: {key} is written out"
                holders[value].add(name)
            else:
                assert value not in holders, f"{name}: {key} shows a password"
                assert urlsplit(value).password is None, f"{name}: {key} carries a password"
        shown = json.dumps({key: service[key] for key in service if key != "environment"})
        assert not any(password in shown for password in holders), name
    assert holders == {
        PASSWORDS["TEMPORAL_DB_PASSWORD"]: {"temporal-db", "temporal-schema", "temporal"},
        # The database makes the roles; nobody else knows its superuser, and no worker its owner.
        PASSWORDS["REGISTRY_DB_PASSWORD"]: {"registry-db"},
        PASSWORDS["REGISTRY_OWNER_PASSWORD"]: {"registry-db", "migrate"},
        PASSWORDS["REGISTRY_WORKER_PASSWORD"]: {"registry-db", "schedules", *WORKERS},
        PASSWORDS["REGISTRY_READER_PASSWORD"]: {"registry-db"},
        PASSWORDS["CODEC_PASSWORD"]: {"codec"},
    }


def test_every_image_is_one_exact_version() -> None:
    for name, service in services().items():
        # PostgreSQL counts its releases in two numbers, the others in three.
        numbers = 2 if service["image"].startswith("postgres:") else 3
        exact = r"[a-z/-]+:" + r"\.".join([r"\d+"] * numbers) + r"(-[a-z]+)?"
        assert re.fullmatch(exact, service["image"]), f"{name}: {service['image']}"

    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+", bases[0])


def test_the_project_image_bears_the_version_of_the_project() -> None:
    built = {name for name, service in services().items() if "build" in service}
    assert built == {"keys", "codec", "namespace", "migrate", "schedules", *WORKERS}
    assert {services()[name]["image"] for name in built} == {
        f"exitflow:{project()['project']['version']}"
    }


def test_production_runs_the_server_and_the_ui_that_the_tests_run() -> None:
    embedded = subprocess.run(
        [str(Path(sys.executable).with_name("temporal")), "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    versions = re.search(r"Server ([\d.]+), UI ([\d.]+)", embedded)
    assert versions, embedded
    server, ui = versions.groups()
    assert services()["temporal"]["image"] == f"temporalio/server:{server}"
    assert services()["temporal-schema"]["image"] == f"temporalio/admin-tools:{server}"
    assert services()["temporal-ui"]["image"] == f"temporalio/ui:{ui}"


def test_ports_are_published_on_loopback_and_databases_publish_none() -> None:
    published = {}
    for name, service in services().items():
        assert "network_mode" not in service, name
        for port in service.get("ports", []):
            assert port["host_ip"] == "127.0.0.1", f"{name}: {port}"
            published[name] = (port["published"], port["target"])
    assert published == {
        "temporal": ("7233", 7233),
        "temporal-ui": ("8080", 8080),
        "codec": ("8081", 8081),
        "worker": ("9464", 9464),
        "worker-2": ("9465", 9464),
    }


def test_the_web_ui_asks_the_codec_endpoint_that_is_served() -> None:
    ui, codec = services()["temporal-ui"]["environment"], services()["codec"]
    (port,) = codec["ports"]
    assert ui["TEMPORAL_CODEC_ENDPOINT"] == f"http://localhost:{port['published']}"
    # The browser logs in there, and must send what it was given.
    assert ui["TEMPORAL_CODEC_INCLUDE_CREDENTIALS"] == "true"
    words = codec["command"]
    assert words[words.index("--origin") + 1] == ui["TEMPORAL_CORS_ORIGINS"]
    assert words[words.index("--port") + 1] == str(port["target"])
    assert words[words.index("--namespace") + 1] == ui["TEMPORAL_DEFAULT_NAMESPACE"]
    assert words[words.index("--listen") + 1] == "0.0.0.0"


def test_keys_are_written_by_one_and_reach_neither_the_server_nor_its_ui() -> None:
    mounts = {
        name: mount
        for name, service in services().items()
        for mount in service.get("volumes", [])
        if mount["source"] == "exitflow-keys"
    }
    own = {name for name, service in services().items() if "build" in service}
    assert set(mounts) == own
    assert {name for name, mount in mounts.items() if not mount.get("read_only")} == {"keys"}
    for name in own:
        file = services()[name]["environment"]["EXITFLOW_KEYS"]
        assert Path(file).parent == Path(mounts[name]["target"])
    # Who has no use for the databases' passwords and the cases has none of them either.
    for name in ("keys", "codec"):
        assert set(services()[name]["environment"]) <= {"EXITFLOW_KEYS", "EXITFLOW_CODEC_PASSWORD"}


def test_databases_stand_on_networks_that_lead_nowhere() -> None:
    networks = topology()["networks"]
    assert {name for name, network in networks.items() if network.get("internal")} == {
        "temporal-storage",
        "registry-storage",
    }
    members = {
        network: {name for name, service in services().items() if network in service["networks"]}
        for network in networks
    }
    assert members == {
        "default": {"temporal", "temporal-ui", "namespace", "schedules", *WORKERS},
        "codec": {"keys", "codec"},
        "temporal-storage": {"temporal-db", "temporal-schema", "temporal"},
        "registry-storage": {"registry-db", "migrate", "schedules", *WORKERS},
    }


def test_what_must_last_lies_in_named_volumes() -> None:
    volumes = topology()["volumes"]
    mounts = {}
    for name, service in services().items():
        for mount in service.get("volumes", []):
            assert mount["type"] == "volume", f"{name}: {mount}"
            assert mount.get("source") in volumes, f"{name}: {mount} has no name"
            if mount["source"] != "exitflow-keys":
                mounts[name] = (mount["source"], mount["target"])
    home = services()["worker"]["environment"]["EXITFLOW_HOME"]
    assert mounts == {
        "temporal-db": ("temporal-db", "/var/lib/postgresql/data"),
        "registry-db": ("registry-db", "/var/lib/postgresql/data"),
        "namespace": ("exitflow-home", home),
        "migrate": ("exitflow-home", home),
        "schedules": ("exitflow-home", home),
        "worker": ("exitflow-home", home),
        "worker-2": ("exitflow-home", home),
    }


@pytest.mark.parametrize("name", ["temporal-db", "registry-db"])
def test_databases_are_created_alike_under_any_image(name: str) -> None:
    arguments = services()[name]["environment"]["POSTGRES_INITDB_ARGS"].split()
    assert {"--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"} <= set(arguments)


def test_files_handed_to_containers_exist() -> None:
    used = {
        config["source"] for service in services().values() for config in service.get("configs", [])
    }
    assert used == set(topology()["configs"])
    for config in topology()["configs"].values():
        assert Path(config["file"]).is_file(), config


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_a_long_running_service_is_checked_and_restarted(name: str) -> None:
    service = services()[name]
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert not check.get("disable")
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)


@pytest.mark.parametrize("name", sorted(ONE_SHOTS))
def test_a_one_shot_runs_once(name: str) -> None:
    # Restarted, it would hide its failure from whoever waits for it to complete.
    assert services()[name]["restart"] == "no"


def test_mutual_tls_is_laid_over_it() -> None:
    """Every client of the server shows a certificate, and each container has its own key alone."""
    over = ["--file", str(ROOT / "docker-compose.mtls.yml")]
    done = compose(*over, "config", "--format", "json", **PASSWORDS)
    assert done.returncode == 0, done.stderr
    laid: dict[str, dict[str, Any]] = json.loads(done.stdout)["services"]
    server = laid["temporal"]["environment"]
    assert server["TEMPORAL_TLS_REQUIRE_CLIENT_AUTH"] == "true"
    clients = {
        name
        for name, each in laid.items()
        if "TEMPORAL_ADDRESS" in each["environment"] and "default" in each["networks"]
    }
    assert clients == {"temporal-ui", "namespace", "schedules", *WORKERS}
    files = {
        name: {secret["source"] for secret in each.get("secrets", [])}
        for name, each in laid.items()
    }
    own = {"ca.pem", "worker.pem", "worker.key"}
    assert files == {name: set[str]() for name in laid} | {
        "temporal": {"ca.pem", "temporal.pem", "temporal.key"},
        "temporal-ui": {"ca.pem", "ui.pem", "ui.key"},
        "namespace": own,
        "schedules": own,
        **dict.fromkeys(WORKERS, own),
    }
    for name, each in laid.items():
        for key, value in each["environment"].items():
            if value.startswith("/run/secrets/"):
                assert value.removeprefix("/run/secrets/") in files[name], f"{name}: {key}"
    for name in ("namespace", "schedules", *WORKERS):
        environment = laid[name]["environment"]
        assert environment["TEMPORAL_TLS"] == "true"
        assert environment["TEMPORAL_TLS_SERVER_NAME"] == "temporal"
        # Laid over it, and not in its place.
        assert environment["EXITFLOW_KEYS"] == services()[name]["environment"]["EXITFLOW_KEYS"]


def test_services_start_in_order() -> None:
    keys = ("keys", "completed_successfully")
    all_set_up = {
        keys,
        ("temporal", "healthy"),
        ("registry-db", "healthy"),
        ("namespace", "completed_successfully"),
        ("migrate", "completed_successfully"),
    }
    waits = {
        name: {
            (on, need["condition"].removeprefix("service_"))
            for on, need in service.get("depends_on", {}).items()
        }
        for name, service in services().items()
    }
    assert waits == {
        "temporal-db": set(),
        "temporal-schema": {("temporal-db", "healthy")},
        "temporal": {("temporal-db", "healthy"), ("temporal-schema", "completed_successfully")},
        "keys": set(),
        "codec": {keys},
        "namespace": {keys, ("temporal", "healthy")},
        "temporal-ui": {("temporal", "healthy")},
        "registry-db": set(),
        "migrate": {keys, ("registry-db", "healthy")},
        "schedules": all_set_up,
        "worker": all_set_up,
        # Replaced one after the other: one is at work while the other starts.
        "worker-2": all_set_up | {("worker", "healthy")},
    }
    for service in services().values():
        assert all(need["required"] for need in service.get("depends_on", {}).values())


def test_project_services_run_the_commands_and_settings_of_this_project() -> None:
    own = ("migrate", "namespace", "schedules", *WORKERS)
    commands = {name: services()[name]["command"] for name in own}
    assert commands == {
        "migrate": ["exitflow", "setup", "registry"],
        "namespace": ["exitflow", "setup", "namespace"],
        "schedules": ["exitflow", "setup", "schedules"],
        **{name: ["exitflow", "worker"] for name in WORKERS},
    }
    for name in commands:
        environment = services()[name]["environment"]
        assert environment["TEMPORAL_ADDRESS"] == "temporal:7233"
        assert environment["TEMPORAL_NAMESPACE"] == "exitflow"
        if name == "namespace":
            assert "EXITFLOW_REGISTRY_URL" not in environment  # it has no use for the registry
            continue
        registry = urlsplit(environment["EXITFLOW_REGISTRY_URL"])
        assert registry.scheme == "postgresql+psycopg"
        assert registry.hostname == "registry-db"
        database = services()["registry-db"]["environment"]
        role = "owner" if name == "migrate" else "worker"
        assert registry.username == f"exitflow_{role}" != database["POSTGRES_USER"]
        assert registry.path == f"/{database['POSTGRES_DB']}"
        assert environment["PGPASSWORD"] == database[f"REGISTRY_{role.upper()}_PASSWORD"]
    assert services()["temporal-ui"]["environment"]["TEMPORAL_DEFAULT_NAMESPACE"] == "exitflow"


def test_two_workers_are_alike_but_for_where_their_numbers_are_read() -> None:
    own = {"ports", "depends_on"}
    first, second = (
        {key: value for key, value in services()[name].items() if key not in own}
        for name in WORKERS
    )
    assert first == second
    for name in WORKERS:
        (port,) = services()[name]["ports"]
        given = services()[name]["environment"]["EXITFLOW_METRICS"]
        assert Settings(metrics=given).metrics == f"0.0.0.0:{port['target']}"


def test_no_service_gains_privileges() -> None:
    for name, service in services().items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        if not name.endswith("-db"):
            # PostgreSQL's image starts as root, to hand its volume to the user it then becomes.
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name


def test_the_worker_is_given_time_to_stop() -> None:
    granted = services()["worker"]["stop_grace_period"]
    assert granted == "2m0s"
    assert timedelta(minutes=2) > AT_LAST
    # Without an init the worker is process 1, which no signal ends that it does not handle.
    assert services()["worker"]["init"] is True


def test_the_health_of_the_worker_is_the_age_of_its_sign_of_life(tmp_path: Path) -> None:
    worker = services()["worker"]
    sign = worker["environment"]["EXITFLOW_ALIVE_FILE"]
    assert sign.startswith(f"{worker['tmpfs'][0]}/")
    shell, test = worker["healthcheck"]["test"]
    assert shell == "CMD-SHELL"
    assert sign in test
    here = tmp_path / "alive"

    def healthy() -> bool:
        command = test.replace(sign, str(here))
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)
        return done.returncode == 0

    assert not healthy()
    here.touch()
    assert healthy()
    for age, well in ((60, True), (120, False)):
        os.utime(here, (time.time() - age, time.time() - age))
        assert healthy() is well


@pytest.fixture
def sql_tool(tmp_path: Path) -> Path:
    """A `temporal-sql-tool` that writes down how it was called, and fails where it is told to."""
    tool = tmp_path / "bin" / "temporal-sql-tool"
    tool.parent.mkdir()
    tool.write_text(
        '#!/bin/sh\necho "$@" >> "$CALLS"\ncase "$*" in *"$FAIL_ON"*) exit 1 ;; esac\n', "utf-8"
    )
    tool.chmod(0o755)
    return tool


def set_up_schema(tool: Path, fail_on: str) -> tuple[int, list[str]]:
    calls = tool.with_name("calls")
    calls.unlink(missing_ok=True)
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "docker" / "temporal-schema.sh")],
        env={"PATH": f"{tool.parent}:/usr/bin:/bin", "CALLS": str(calls), "FAIL_ON": fail_on},
        check=False,
    )
    return done.returncode, calls.read_text("utf-8").splitlines()


def test_both_databases_of_temporal_get_their_schema(sql_tool: Path) -> None:
    versioned = "/etc/temporal/schema/postgresql/v12"
    expected = [
        "--database temporal create-database",
        "--database temporal setup-schema --version 0.0",
        f"--database temporal update-schema --schema-dir {versioned}/temporal/versioned",
        "--database temporal_visibility create-database",
        "--database temporal_visibility setup-schema --version 0.0",
        "--database temporal_visibility update-schema"
        f" --schema-dir {versioned}/visibility/versioned",
    ]
    assert set_up_schema(sql_tool, fail_on="nothing") == (0, expected)
    for step, call in enumerate(expected, start=1):
        assert set_up_schema(sql_tool, fail_on=call) == (1, expected[:step])


def test_the_image_is_built_from_the_lock_alone_and_runs_without_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert "://" not in dockerfile
    joined = dockerfile.replace("\\\n", " ")
    installs = re.findall(r"pip (?:--python \S+ )?(?:install|download|wheel)\b[^&\n]*", joined)
    assert len(installs) == 4
    for install in installs:
        assert re.search(r"--require-hashes|--no-index|--no-deps --no-build-isolation", install)
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE) == ["exitflow"]
    assert services()["worker"]["environment"]["EXITFLOW_HOME"] in dockerfile


def test_the_build_sees_what_it_needs_and_nothing_else() -> None:
    rules = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [rule for rule in rules if rule and not rule.startswith("#")]
    assert rules[0] == "*"
    packages = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {rule for rule in rules if rule.startswith("!")} == {
        f"!{name}" for name in ["pyproject.toml", "requirements.lock", *packages]
    }
