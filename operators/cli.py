"""`exitflow`: the command line, a thin skin over the desk.

A command's module is imported when the command is called, so that help and usage errors are quick;
a command's summary therefore stands here, and its options where it is.
"""

import errno
import gc
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CoercionError, CycloptsError, Group, Parameter

from operators.views.terminal import say, settle

USAGE = (
    "The exit of poor households, villages and counties (贫困退出) as durable cases.\n\n"
    "Exit status: 0 done, 1 refused by the rules, 2 wrong usage or input, 3 server or database "
    "not reachable. An error is one sentence on stderr, with nothing on stdout.\n\n"
    "Settings come from EXITFLOW_HOME and its like, then from exitflow.toml in the working folder; "
    "the server from TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE."
)

COMMANDS = {
    "Running": {
        "up": (
            "operators.commands.running:up",
            "Run it all on this machine: Temporal server, Web UI, registry and worker.\n\n"
            "Everything is kept in the home folder. Ctrl-C stops the worker, then the server.",
        ),
        "worker": (
            "operators.commands.running:worker",
            "Run a worker until Ctrl-C.\n\n"
            "For the server that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name. What is running "
            "when it is stopped is finished first.",
        ),
        "codec": (
            "operators.commands.running:codec",
            "Open for Temporal's Web UI and command line what is sealed, until Ctrl-C.\n\n"
            "For a Web UI of its own; the one that 'exitflow up' starts has it already.",
        ),
        "doctor": (
            "operators.commands.doctor:doctor",
            "Say how the installation stands, and how to mend what is not well.\n\n"
            "Registry, keys, calendar, channels, clocks, disk, server and workers; nothing is "
            "changed. Status 1 if something is not well.",
        ),
        "backup": (
            "operators.commands.backup:backup",
            "Copy the installation to a new folder, while everybody works.\n\n"
            "Registry, files, settings, and the cases of the server that 'exitflow up' runs. The "
            "keys are not in it: keep a copy of theirs apart.",
        ),
        "restore": (
            "operators.commands.backup:restore",
            "Make home and registry from a copy, where there are none.",
        ),
        "rehearse": (
            "operators.commands.running:rehearse",
            "Play a scenario on a server of its own whose clock runs ahead.",
        ),
    },
    "Acting on a case": {
        "start county": (
            "operators.commands.start:start_county",
            "Open a county's case (C1 县级申请) and print its id.",
        ),
        "start village": (
            "operators.commands.start:start_village",
            "Open a village's case (V1 调查核实) and print its id.",
        ),
        "start households": (
            "operators.commands.start:start_households",
            "Open the case of a village's roster (H1 民主评议) and print its id.",
        ),
        "act": (
            "operators.commands.act:act",
            "Decide a step as an office: approve, return, reject, rectify or reply.\n\n"
            "Exactly one of the five. The case answers at once, or refuses and says who may act. "
            "With --cases or a filter: on many cases, each of which answers for itself.",
        ),
        "consent": (
            "operators.commands.filing:consent",
            "Hand in what households answered to their exit (H2 认可): one, or many from a file.",
        ),
        "amend": (
            "operators.commands.filing:amend",
            "Add households to a roster, or take their entries again from the register (G1).",
        ),
        "posted": (
            "operators.commands.filing:posted",
            "Report that a notice was hung out (张贴), or taken down (T1).",
        ),
        "delivered": (
            "operators.commands.filing:delivered",
            "Report letters to households as delivered (送达回证, F15): one, or many from a file.",
        ),
        "object": (
            "operators.commands.act:object_",
            "Hand in an objection (异议), or a report (举报) after the publicity.",
        ),
        "resolve": (
            "operators.commands.act:resolve",
            "Close the investigation of an objection, as the publishing body.",
        ),
        "withdraw": (
            "operators.commands.act:withdraw",
            "Take an application back (撤回), as the applicant; the case ends.",
        ),
    },
    "After exit": {
        "start reentry": (
            "operators.commands.start:start_reentry",
            "Open the case of a household's entry into the register (R1) and print its id.\n\n"
            "It has fallen back (返贫), or is newly poor (新致贫): F5.",
        ),
        "revoke": (
            "operators.commands.start:revoke",
            "Revoke an exit (F7 撤销退出), as the body that decided it.\n\n"
            "The register shows it exited, then revoked; nothing is erased.",
        ),
        "file": (
            "operators.commands.filing:file",
            "File a document with a case (F9): 备案, 信息录入, 第三方评估.\n\n"
            "Beside its closed file, as a supplement, where the case has ended.",
        ),
        "consequences": (
            "operators.commands.reports:consequences",
            "List the exits of a year, and what follows from each (F1-F4).",
        ),
        "follow-up due": (
            "operators.commands.follow_up:due",
            "List the exited households that are visited in a year (F5 跟踪回访).\n\n"
            "As the registry has them: no server is needed.",
        ),
        "follow-up visit": (
            "operators.commands.follow_up:visit",
            "Report visits to exited households: some, or many from a file.",
        ),
        "follow-up mark": (
            "operators.commands.follow_up:mark",
            "Mark an exited household with a risk (风险标注), or lift the mark.",
        ),
        "supervision start": (
            "operators.commands.supervision:start",
            "Begin a special inspection (F6 专项检查) of a county, a city's (F14 督查) or the "
            "nation's (A8 抽查); print its id.\n\n"
            "The quarterly rounds begin by themselves.",
        ),
        "supervision sheet": (
            "operators.commands.supervision:sheet",
            "Write the check lists of a supervision to Excel.",
        ),
        "supervision check": (
            "operators.commands.supervision:check",
            "Hand in what the checks found (J2 核查), from check lists that were filled in.",
        ),
        "supervision plead": (
            "operators.commands.supervision:plead",
            "Plead against a finding, as the inspected county (J3 申诉举证).",
        ),
        "supervision sample": (
            "operators.commands.supervision:sample",
            "Show a sample and how it was drawn; or write what it takes to draw it again.",
        ),
        "supervision show": (
            "operators.commands.supervision:show",
            "Show the rates of a supervision (S4), exactly, with their verdicts.",
        ),
        "schedules": (
            "operators.commands.running:list_schedules",
            "List what begins by the calendar: rounds (F5, F6, F13), and the check.",
        ),
        "begin-round": (
            "operators.commands.running:begin_round",
            "Begin the round of this day, quarter or year now, where it was missed for good.",
        ),
        "mend": (
            "operators.commands.check:mend",
            "Give the registry what it lacks; or let a case go on with the kept file (G7).",
        ),
    },
    "Reading": {
        "case": (
            "operators.commands.case:case",
            "Show how a case stands, or its file.",
        ),
        "cases": (
            "operators.commands.cases:cases",
            "List cases, the nearest limit first.\n\n"
            "As the registry has them: no server is needed.",
        ),
        "deadlines": (
            "operators.commands.cases:deadlines",
            "List every limit in force (期限), the nearest first.\n\n"
            "As the registry has them: no server is needed.",
        ),
        "check": (
            "operators.commands.check:check",
            "Hold registry, files and server against each other (G7 核查).\n\n"
            "Each finding says what is wrong, where, and the mend. One runs each night as well.",
        ),
        "ready villages": (
            "operators.commands.reports:villages",
            "List the poor villages, and what each still lacks for its exit (S2, S5, G6).",
        ),
        "ready counties": (
            "operators.commands.reports:counties",
            "List the poor counties, and what each still lacks for its application (S3, S5, G6).",
        ),
        "ready households": (
            "operators.commands.reports:households",
            "List who should leave (F13 应退未退): meets S1, and is in no plan and on no roster.",
        ),
        "ready reentry": (
            "operators.commands.reports:reentry",
            "List who should come in (F13 应进未进、漏评): falls below, or was left out.",
        ),
        "progress": (
            "operators.commands.reports:progress",
            "Show how far a year is against its plan (G6) and the targets (F8); or its statement "
            "for the assessment (F11).",
        ),
        "notices": (
            "operators.commands.cases:notices",
            "List the notices (公示) and announcements (公告) of a case, with their numbers.\n\n"
            "As the registry has them: no server is needed.",
        ),
        "unreached": (
            "operators.commands.cases:unreached",
            "List the notifications (通知) that no channel has taken yet, of all cases.\n\n"
            "As the registry has it: no server is needed.",
        ),
        "letters": (
            "operators.commands.cases:letters",
            "Write what households are told on paper (告知书, F15), a page each, and list it.\n\n"
            "As the registry has it: no server is needed.",
        ),
        "notice": (
            "operators.commands.reports:notice",
            "Write one public notice (公示) of all cases that are in publicity now.",
        ),
        "when": (
            "operators.commands.when:when",
            "Compute a limit and say how it was counted.\n\nNeither server nor registry is needed.",
        ),
    },
    "Registry": {
        "registry list": (
            "operators.commands.register:list_",
            "List the counties that are or were on the register of poor counties.",
        ),
        "registry show": (
            "operators.commands.register:show",
            "Show a county, a village or a household.",
        ),
        "registry import": (
            "operators.commands.register:import_",
            "Import villages, a roster of households (花名册), records of offices (台账) or "
            "changes (动态调整) from Excel or CSV.\n\n"
            "All of it or nothing; every fault is named, and written to a workbook.",
        ),
        "registry change": (
            "operators.commands.changes:change",
            "Put down what happened to a household (动态调整): birth, death, split, move, …\n\n"
            "Many come from a file: see registry import.",
        ),
        "registry division": (
            "operators.commands.changes:division",
            "Put down that a village, township or county is renamed, recoded or merged (区划变动).",
        ),
        "registry changes": (
            "operators.commands.changes:changes",
            "List what has happened to households (动态调整), by the register's own ledger.",
        ),
        "registry export": (
            "operators.commands.register:export",
            "Write the households of a county or village to Excel, as import reads them; "
            "of records, see registry records.",
        ),
        "registry load": (
            "operators.commands.register:load",
            "Load a list of poor counties and the plans of their exit years.\n\n"
            "All of it or nothing; what is there already is no change.",
        ),
        "template": (
            "operators.commands.template:template",
            "Write a form (表样) to fill in with Excel: an application, a meeting, a roster, …\n\n"
            "With drop-downs, notes and examples; what the register has can stand in it already.",
        ),
        "registry line": (
            "operators.commands.register:add_line",
            "Add the national poverty line of a year (S7 国家扶贫标准).",
        ),
        "registry lines": (
            "operators.commands.register:lines",
            "List the national poverty lines by year.",
        ),
        "registry mean": (
            "operators.commands.register:add_mean",
            "Add the provincial mean growth of farmers' income of a year (S3 全省平均水平).",
        ),
        "registry means": (
            "operators.commands.register:means",
            "List the provincial means by year.",
        ),
        "registry record": (
            "operators.commands.records:record",
            "Write one record of an office (台账): a measure, a reward, an inspection, …\n\n"
            "Many come from a file: see registry import.",
        ),
        "registry records": (
            "operators.commands.records:records",
            "List what offices have put down (台账), or write it to Excel, as import reads it.",
        ),
        "plan load": (
            "operators.commands.register:load_plan",
            "Load yearly plans (年度计划) from Excel or CSV.\n\n"
            "All of it or nothing; what is there already is no change.",
        ),
        "plan add": (
            "operators.commands.register:add_to_plan",
            "Put a county, a village or a household into a year's plan (G6).",
        ),
        "plan list": (
            "operators.commands.register:list_plan",
            "List the plan of a year.",
        ),
        "setup registry": (
            "operators.commands.register:setup_registry",
            "Make the registry's database, or bring it up to date.",
        ),
        "setup namespace": (
            "operators.commands.register:setup_namespace",
            "Make the Temporal namespace, with its search attributes.",
        ),
        "setup key": (
            "operators.commands.register:setup_key",
            "Make the installation's keys, which seal what its cases exchange; or add one.",
        ),
        "setup schedules": (
            "operators.commands.running:setup_schedules",
            "Make the Temporal Schedules of supervisions (F6), follow-ups (F5) and the check.\n\n"
            "Repeat it after counties were loaded or the policy changed: what is as it should be "
            "is no change.",
        ),
    },
}
"""What can be called, by group and words: where it is, and what it does."""

FAMILIES = {
    "start": "Open a case.",
    "registry": "The register of counties, villages and households; records (台账); lines.",
    "plan": "The year's plan (年度计划): load, add, list.",
    "ready": "Who could leave, and what each still lacks; who should leave, and who come in.",
    "setup": "What a new installation needs: keys, registry, namespace, schedules.",
    "follow-up": "Visits to exited households (跟踪回访) and their risks.",
    "supervision": "Samples of exits checked again (F6 督导): lists, findings, pleas, rates.",
}
"""The first words of commands of two."""

BUG = 70
"""Status of a fault of the program itself, which alone is shown with its traceback."""


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_LONGEST = 500
"""Characters of a sentence about wrong usage, which repeats what was typed."""


def _version() -> str:
    from importlib.metadata import version

    return version("exitflow")


def _build() -> App:
    app = App(
        name="exitflow",
        help=USAGE,
        help_format="markdown",
        version=_version,
        default_parameter=Parameter(negative="", show_default=False),
        suppress_keyboard_interrupt=False,
    )
    families: dict[str, App] = {}
    for position, (title, commands) in enumerate(COMMANDS.items()):
        group = Group(title, sort_key=position)
        for place, (words, (path, summary)) in enumerate(commands.items()):
            *family, name = words.split()
            parent = app
            for word in family:
                if word not in families:
                    families[word] = App(
                        name=word, help=FAMILIES[word], group=group, sort_key=place
                    )
                    app.command(families[word])
                parent = families[word]
            heading = None if family else group
            parent.command(path, name=name, help=summary, sort_key=place, group=heading)
    return app


app = _build()


def main() -> None:
    """The entry point: what the user typed, and the status that the shell gets."""
    # A start makes many objects and little waste: looking for it as often as usual takes a tenth.
    gc.set_threshold(50_000)
    # Pydantic would look for plugins in everything that is installed; there are none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    settle()
    status = execute(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_output()  # the reader (`| head`) has seen enough
    except OSError as error:
        _give_up_output()
        status = status or _complain(2, f"the output cannot be written: {error.strerror}")
    gc.freeze()  # the interpreter would look through all of it once more, to end a moment later
    sys.exit(status)


def _give_up_output() -> None:
    # The interpreter's own flush must not complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def execute(tokens: Sequence[str]) -> int:
    """Run one command and return its exit status; an error is one sentence on stderr."""
    try:
        done = app(
            list(tokens), print_error=False, exit_on_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        return _complain(2, usage_sentence(error))
    except KeyboardInterrupt:
        return 130
    except (BrokenPipeError, SystemExit):  # rich says the former with the latter
        return 0
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            return _judged(error)
        return _complain(2, f"the output cannot be written: {error.strerror}")
    except Exception as error:
        return _judged(error)
    return done if isinstance(done, int) else 0


def _judged(error: Exception) -> int:
    import traceback

    from operators.verdicts import verdict

    judged = verdict(error)
    if judged is None:
        say("".join(traceback.format_exception(error)).rstrip(), file=sys.stderr)
        return _complain(BUG, "this is a fault of exitflow itself")
    return _complain(*judged)


def usage_sentence(error: CycloptsError) -> str:
    if isinstance(error, CoercionError) and error.msg is not None and error.argument is not None:
        # A wrong word (operators.commands.words), which needs no help but its own.
        option = error.token.keyword if error.token is not None else None
        return f"{option or error.argument.name}: {error.msg}"
    said = " ".join(str(error).replace("...", "…").split())
    said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
    command = " ".join(["exitflow", *(error.command_chain or ())])
    return f"{said.removesuffix('.')}; see `{command} --help`"


def _complain(status: int, sentence: str) -> int:
    say(f"exitflow: {sentence}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
