#!/bin/sh
# Opens the kitchen, and says when.
date
python worker.py
