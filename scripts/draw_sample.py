"""Draw the sample of a supervision again, and tell whether it is the same list (F6).

    exitflow supervision sample CASE --out FILE && python scripts/draw_sample.py FILE

Needs nothing but Python: the rule is that the codes of the frame are put in the order of the
SHA-256 of "seed:kind:code", and the first so many are drawn. Exit status 0 where the frame has the
hash and the draw the codes that FILE says, 1 where not. Compare seed and hash with the case file.
"""

import json
import sys
from hashlib import sha256

RULE = "sha256-rank-1"
KINDS = {"household": "wanted_households", "village": "wanted_villages"}


def draw(seed: str, kind: str, codes: list[str], count: int) -> list[str]:
    ranked = sorted(codes, key=lambda code: sha256(f"{seed}:{kind}:{code}".encode()).hexdigest())
    return ranked[:count]


def main(path: str) -> int:
    with open(path, encoding="utf-8") as file:
        said = json.load(file)
    if said["rule"] != RULE:
        print(f"{path} was drawn by the rule {said['rule']}; this script knows {RULE}")
        return 1
    frame = said["frame"]
    text = json.dumps(frame, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    found = sha256(text.encode()).hexdigest()
    print(f"{said['case_id']}, as of {frame['as_of']}, seed {said['seed']}")
    print(f"frame: {found}: {'same' if found == said['sha256'] else 'different'}")
    same = found == said["sha256"]
    for kind, wanted in KINDS.items():
        codes = [each["code"] for each in frame[f"{kind}s"]]
        drawn = draw(said["seed"], kind, codes, said[wanted])
        equal = drawn == said["drawn"][kind]
        print(f"{kind}s, {len(drawn)} of {len(codes)}: {'same' if equal else 'different'}")
        print(*(f"  {code}" for code in drawn), sep="\n")
        same = same and equal
    return 0 if same else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python draw_sample.py FILE")
    try:
        sys.exit(main(sys.argv[1]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        said = f"{type(error).__name__} {error}"
        print(f"{sys.argv[1]} is no sample that `exitflow supervision sample` wrote: {said}")
        sys.exit(1)
