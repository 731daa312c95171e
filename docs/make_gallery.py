"""Draws the pictures of gallery.md, by the programs before them: python docs/make_gallery.py"""

import argparse
import re
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="folder")
    output = parser.parse_args().output
    page = Path(__file__).with_name("gallery.md").read_text(encoding="utf-8")
    names: dict = {}
    for program, picture in re.findall(r"```python\n(.*?)```\s*!\[.*?\]\((.*?)\)", page, re.DOTALL):
        began = time.perf_counter()
        exec(program, names)
        path = output / picture
        path.parent.mkdir(parents=True, exist_ok=True)
        plt.gcf().savefig(path, dpi=90)
        plt.close("all")
        size = path.stat().st_size / 1000
        print(f"{picture}: {time.perf_counter() - began:.1f} s, {size:.0f} kB")


if __name__ == "__main__":
    main()
