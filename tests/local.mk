## SPDX-License-Identifier: Apache-2.0
include tests/cli.mk
include tests/engine.mk
