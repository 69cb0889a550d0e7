#!/usr/bin/env python3
"""Makes labs of a class to measure `breakfix class` with: benches/make-class.py DIR HOW_MANY [BYTES].

Each gets a journal whose looks are those of recordings/talk.jsonl, with what was seen and all, told as if a learner had worked: opened,
looked, edited, met wrong turns, took hints, solved or not. The same numbers give the same labs. With BYTES each journal is filled up to
that size with further looks.
"""

import json
import pathlib
import random
import sys

home, many = pathlib.Path(sys.argv[1]), int(sys.argv[2])
least = int(sys.argv[3]) if len(sys.argv) > 3 else 0
talk = pathlib.Path(__file__).parent.parent / "recordings/talk.jsonl"
looks = [entry for entry in map(json.loads, talk.open()) if entry["event"] == "verified"]
status = {look["at"]: {one["id"]: one["status"] for one in look["report"]["lessons"]} for look in looks}
lessons = ["host-port", "app-port", "constructor", "representation"]
fails = {lesson: [look for look in looks if look["lesson"] == lesson and status[look["at"]][lesson] == "fail"] for lesson in lessons}
holds = {lesson: [look for look in looks if look["lesson"] == lesson and status[look["at"]][lesson] == "pass"] for lesson in lessons}

for number in range(many):
    draw = random.Random(number)
    skill = draw.random()
    entries, at = [], 1_790_000_000_000 + number * 1_000

    def add(event, **fields):
        global at
        at += int(draw.expovariate(1 / 45_000)) + 1_000
        entries.append({"at": at, "event": event, **fields})

    def look(one):
        add("verified", lesson=one["lesson"], report=one["report"], survey=one["survey"])

    add("lab-made", course="systems-puzzle", version="0.1.0")
    add("session-started", version="0.1.0")
    for lesson in lessons:
        add("lesson-opened", lesson=lesson)
        look(fails[lesson][0])
        shown, tries = False, 0
        # Some turns are met by many.
        met = fails[lesson][1 : 3 + int(len(fails[lesson]) * (1 - skill) / 2)] or fails[lesson]
        while draw.random() > 0.35 + skill / 2 and tries < 6:
            tries += 1
            add("file-changed", file="docker-compose.yml", diff="-a\n+b\n")
            look(draw.choice(met))
            if draw.random() > 0.5 + skill / 2:
                add("hint-shown", lesson=lesson, rung=["where", "what", "how", "show"][min(tries - 1, 3)])
        if tries >= 5:
            add("revealed", lesson=lesson, diff="-a\n+b\n")
            shown = True
        else:
            add("file-changed", file="docker-compose.yml", diff="-a\n+b\n")
        if draw.random() > 0.93 + skill / 10:
            break
        look(holds[lesson][0])
        add("lesson-solved", lesson=lesson, revealed=shown)
    else:
        add("session-ended")
    path = home / f"lab-{number + 1:04}" / ".breakfix" / "journal.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(entry, separators=(",", ":")) for entry in entries]
    size = sum(map(len, lines))
    while size < least:
        look(draw.choice(looks))
        lines.append(json.dumps(entries[-1], separators=(",", ":")))
        size += len(lines[-1])
    path.write_text("\n".join(lines) + "\n")
