"""Modules of the app in one file: what they import and export stays as it was."""

import re
from textwrap import dedent

import pytest

from smriti.web.pack import PACK, packed


def _files(main: str, **others: str) -> dict[str, str]:
    files = {"main.js": main, "shared.js": "export const a = 1;\n", "views/chat.js": ""}
    return {**files, **others}


def _module(files: dict[str, str], name: str) -> str:
    """What becomes of it in the pack."""
    pack = packed(files, ["main.js"])[PACK]
    found = re.search(rf'^"{re.escape(name)}"\(\) {{\n(.*?)^}},$', pack, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def test_everything_that_is_imported_is_there_and_nothing_else() -> None:
    files = {
        "main.js": 'import { a } from "./a.js";\nimport "./deep/b.js";\nimport("./later.js");\n',
        "a.js": 'import { c } from "./c.js";\nexport const a = c;\n',
        "deep/b.js": 'import { c } from "../c.js";\n',
        "c.js": 'export const c = "./no-module.js";\n',
        "later.js": "",
        "no-module.js": "",
    }

    pack = packed(files, ["main.js"])[PACK]

    names = re.findall(r'^"(.*)"\(\) {$', pack, re.MULTILINE)
    assert names == ["main.js", "a.js", "deep/b.js", "c.js"]


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ('import { a } from "./shared.js";', 'const { a } = $need("shared.js");'),
        ('import { a as b, c } from "./shared.js";', 'const { a: b, c } = $need("shared.js");'),
        ('import {\n  a,\n} from "./shared.js";', 'const {\n  a,\n} = $need("shared.js");'),
        ('import "./shared.js";', '$need("shared.js");'),
        ('const go = () => import("./views/chat.js");', None),
        ('const text = "import of nothing";', None),
    ],
)
def test_an_import_becomes_what_the_module_returned(written: str, becomes: str | None) -> None:
    module = _module(_files(f"{written}\n"), "main.js")

    assert module == f"{becomes or written}\nreturn {{  }};\n"


def test_what_is_imported_later_is_found_from_where_the_pack_stands() -> None:
    files = _files(
        'import "./views/chat.js";\n',
        **{
            "views/chat.js": 'const a = () => import("./tool.js");\nimport("../shared.js");\n',
            "views/tool.js": "",
        },
    )

    module = _module(files, "views/chat.js")

    assert module.startswith('const a = () => import("./views/tool.js");\nimport("./shared.js");\n')


def test_what_is_imported_later_and_is_there_is_not_asked_for() -> None:
    module = _module(
        _files('import "./shared.js";\nconst a = () => import("./shared.js");\n'), "main.js"
    )

    assert 'const a = () => Promise.resolve().then(() => $need("shared.js"));' in module


@pytest.mark.parametrize(
    ("written", "exports"),
    [
        ("export const a = 1;\n", {"a": "a"}),
        ("export function a() {}\nexport function* b() {}\n", {"a": "a", "b": "b"}),
        (
            "export async function a() {}\nexport async function* b() {}\n",
            {"a": "a", "b": "b"},
        ),
        ("export class A {}\n", {"A": "A"}),
        ("const a = 1;\nexport { a as b, a };\n", {"b": "a", "a": "a"}),
        ("var $=1,e=2;export{$ as effect,e};\n", {"effect": "$", "e": "e"}),
    ],
)
def test_what_a_module_exports_is_returned_and_handed_on(
    written: str, exports: dict[str, str]
) -> None:
    files = _files('import "./shared.js";\n', **{"shared.js": written})

    members = ", ".join(f"{outer}: {inner}" for outer, inner in exports.items())
    assert _module(files, "shared.js").endswith(f"return {{ {members} }};\n")
    assert "export" not in _module(files, "shared.js")
    handed = f'export const {{ {", ".join(exports)} }} = $need("shared.js");\n'
    assert (
        packed(files, ["main.js"])["shared.js"] == 'import { $need } from "./first.js";\n' + handed
    )


def test_a_module_in_a_folder_hands_on_from_there() -> None:
    stubs = packed(_files('import "./views/chat.js";\n'), ["main.js"])

    assert stubs["views/chat.js"] == dedent(
        """\
        import { $need } from "../first.js";
        $need("views/chat.js");
        """
    )


def test_who_is_not_in_the_pack_takes_from_there() -> None:
    views = (
        'import { a as b } from "../shared.js";\nimport { c } from "./c.js";\nimport("./d.js");\n'
    )
    files = _files('import "./shared.js";\n', **{"views/chat.js": views})

    assert packed(files, ["main.js"])["views/chat.js"] == dedent(
        """\
        import { $need } from "../first.js";
        const { a: b } = $need("shared.js");
        import { c } from "./c.js";
        import("./d.js");
        """
    )


def test_who_takes_nothing_from_there_stays_as_it_is() -> None:
    alone = 'import { c } from "./c.js";\nexport default () => import("./d.js");\n'
    files = _files('import "./shared.js";\n', **{"views/chat.js": alone})

    assert packed(files, ["main.js"])["views/chat.js"] == alone


@pytest.mark.parametrize(
    "written",
    [
        "export let a = 1;",
        "export default 1;",
        'export { a } from "./shared.js";',
        'export * from "./shared.js";',
        'import * as all from "./shared.js";',
        'import one from "./shared.js";',
        "import { a } from './shared.js';",
        'import { a } from "elsewhere";',
    ],
)
def test_what_is_written_in_another_way_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"main\.js: write this import or export as others do"):
        packed(_files(f"{written}\n"), ["main.js"])


def test_modules_that_import_each_other_are_refused() -> None:
    files = _files('import "./shared.js";\n', **{"shared.js": 'import { b } from "./main.js";\n'})

    with pytest.raises(ValueError, match="cycle"):
        packed(files, ["main.js"])
