"""Small real data sets that come with the library: nothing is downloaded.

Sources and licences are listed in this folder's README.md.
"""

from cello.datasets import co2, japanese_vowels

__all__ = ["co2", "japanese_vowels"]
