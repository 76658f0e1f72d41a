"""What mediasoup's Node library declares: the members of its types, as its ``.d.ts`` files tell them."""

from __future__ import annotations

import re

from .conftest import SCHEMAS

DECLARATIONS = SCHEMAS.parents[1] / "node/lib"

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TYPE = re.compile(r"^(?:export )?(?:type|interface) (\w+)[^{;]*\{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
MEMBER = re.compile(r"^    (?:get |set )?'?(@?\w+)'?\??[(<:]", re.MULTILINE)
FUNCTION = re.compile(r"^export declare function (\w+)", re.MULTILINE)


def members() -> dict[str, set[str]]:
    """Give the members of each type and interface, without those of the types that it is made of."""
    texts = (COMMENT.sub("", path.read_text()) for path in DECLARATIONS.glob("*.d.ts"))
    return {name: {*MEMBER.findall(body)} for text in texts for name, body in TYPE.findall(text)}


def functions(module: str) -> set[str]:
    """Give the functions that a module exports."""
    return {*FUNCTION.findall((DECLARATIONS / f"{module}.d.ts").read_text())}
