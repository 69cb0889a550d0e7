#!/bin/sh
# Opens the kitchen, and says when.
date
exec python worker.py
