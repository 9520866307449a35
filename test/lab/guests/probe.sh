#!/bin/busybox sh
# Shows that a stock kernel reaches its first process, and ends.
echo "LAB a stock kernel runs"
/bin/busybox poweroff -f
