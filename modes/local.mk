## SPDX-License-Identifier: Apache-2.0
include modes/x86/local.mk
include modes/bt/local.mk
include modes/interp/local.mk
