#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# 100 kills of the daemon with 10 running guests, 100 kills of monitors.
set -e
KILLS=100 GUESTS=10 DISTURBED=0.25 FOUND=1 \
    "${srcdir:-.}/tests/durable/daemon_kills.test"
KILLS=100 "${srcdir:-.}/tests/durable/monitor_kills.test"
