/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operating system must know about the board and cannot find out by
 * itself.  Compiled by iasl when we are built; boot/acpi.c patches the two
 * bytes NCPU and NSER.  ACPI 6.4.
 */
DefinitionBlock ("", "DSDT", 2, "TRVSR", "TRIVISOR", 1)
{
	Name (NCPU, 0x7F)	// processors, patched
	Name (NSER, 0x7F)	// serial ports, patched
	Name (PICM, 0)		// 0: 8259s, 1: I/O APIC

	Method (_PIC, 1, NotSerialized) {
		PICM = Arg0
	}

	// SLP_TYP for soft-off: PM_S5_TYP of io/chip/acpi_pm.h.
	Name (\_S5, Package () { 5, 5, 0, 0 })

	Scope (\_SB) {
		Device (CP00) {
			Name (_HID, "ACPI0007")
			Name (_UID, 0)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 0) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP01) {
			Name (_HID, "ACPI0007")
			Name (_UID, 1)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 1) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP02) {
			Name (_HID, "ACPI0007")
			Name (_UID, 2)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 2) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP03) {
			Name (_HID, "ACPI0007")
			Name (_UID, 3)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 3) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP04) {
			Name (_HID, "ACPI0007")
			Name (_UID, 4)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 4) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP05) {
			Name (_HID, "ACPI0007")
			Name (_UID, 5)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 5) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP06) {
			Name (_HID, "ACPI0007")
			Name (_UID, 6)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 6) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP07) {
			Name (_HID, "ACPI0007")
			Name (_UID, 7)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 7) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP08) {
			Name (_HID, "ACPI0007")
			Name (_UID, 8)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 8) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP09) {
			Name (_HID, "ACPI0007")
			Name (_UID, 9)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 9) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP0A) {
			Name (_HID, "ACPI0007")
			Name (_UID, 10)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 10) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP0B) {
			Name (_HID, "ACPI0007")
			Name (_UID, 11)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 11) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP0C) {
			Name (_HID, "ACPI0007")
			Name (_UID, 12)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 12) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP0D) {
			Name (_HID, "ACPI0007")
			Name (_UID, 13)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 13) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP0E) {
			Name (_HID, "ACPI0007")
			Name (_UID, 14)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 14) { Return (0x0F) }
				Return (0)
			}
		}
		Device (CP0F) {
			Name (_HID, "ACPI0007")
			Name (_UID, 15)
			Method (_STA, 0, NotSerialized) {
				If (NCPU > 15) { Return (0x0F) }
				Return (0)
			}
		}

		Device (PCI0) {
			Name (_HID, EisaId ("PNP0A03"))
			Name (_BBN, 0)
			Name (_UID, 0)
			Name (_CRS, ResourceTemplate () {
				WordBusNumber (ResourceProducer, MinFixed,
				    MaxFixed, PosDecode, 0, 0, 0xFF, 0, 0x100)
				IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
				WordIO (ResourceProducer, MinFixed, MaxFixed,
				    PosDecode, EntireRange,
				    0, 0, 0x0CF7, 0, 0x0CF8)
				WordIO (ResourceProducer, MinFixed, MaxFixed,
				    PosDecode, EntireRange,
				    0, 0x0D00, 0xFFFF, 0, 0xF300)
				DWordMemory (ResourceProducer, PosDecode,
				    MinFixed, MaxFixed, NonCacheable, ReadWrite,
				    0, 0xC0000000, 0xFEBFFFFF, 0, 0x3EC00000)
			})

			// Slot and pin to I/O APIC inputs 16..23 in turn.
			Name (PRTA, Package () {
				Package () { 0x0001FFFF, 0, 0, 17 },
				Package () { 0x0001FFFF, 1, 0, 18 },
				Package () { 0x0001FFFF, 2, 0, 19 },
				Package () { 0x0001FFFF, 3, 0, 20 },
				Package () { 0x0002FFFF, 0, 0, 18 },
				Package () { 0x0002FFFF, 1, 0, 19 },
				Package () { 0x0002FFFF, 2, 0, 20 },
				Package () { 0x0002FFFF, 3, 0, 21 },
				Package () { 0x0003FFFF, 0, 0, 19 },
				Package () { 0x0003FFFF, 1, 0, 20 },
				Package () { 0x0003FFFF, 2, 0, 21 },
				Package () { 0x0003FFFF, 3, 0, 22 },
				Package () { 0x0004FFFF, 0, 0, 20 },
				Package () { 0x0004FFFF, 1, 0, 21 },
				Package () { 0x0004FFFF, 2, 0, 22 },
				Package () { 0x0004FFFF, 3, 0, 23 },
				Package () { 0x0005FFFF, 0, 0, 21 },
				Package () { 0x0005FFFF, 1, 0, 22 },
				Package () { 0x0005FFFF, 2, 0, 23 },
				Package () { 0x0005FFFF, 3, 0, 16 },
				Package () { 0x0006FFFF, 0, 0, 22 },
				Package () { 0x0006FFFF, 1, 0, 23 },
				Package () { 0x0006FFFF, 2, 0, 16 },
				Package () { 0x0006FFFF, 3, 0, 17 },
				Package () { 0x0007FFFF, 0, 0, 23 },
				Package () { 0x0007FFFF, 1, 0, 16 },
				Package () { 0x0007FFFF, 2, 0, 17 },
				Package () { 0x0007FFFF, 3, 0, 18 },
				Package () { 0x0008FFFF, 0, 0, 16 },
				Package () { 0x0008FFFF, 1, 0, 17 },
				Package () { 0x0008FFFF, 2, 0, 18 },
				Package () { 0x0008FFFF, 3, 0, 19 },
				Package () { 0x0009FFFF, 0, 0, 17 },
				Package () { 0x0009FFFF, 1, 0, 18 },
				Package () { 0x0009FFFF, 2, 0, 19 },
				Package () { 0x0009FFFF, 3, 0, 20 },
				Package () { 0x000AFFFF, 0, 0, 18 },
				Package () { 0x000AFFFF, 1, 0, 19 },
				Package () { 0x000AFFFF, 2, 0, 20 },
				Package () { 0x000AFFFF, 3, 0, 21 },
				Package () { 0x000BFFFF, 0, 0, 19 },
				Package () { 0x000BFFFF, 1, 0, 20 },
				Package () { 0x000BFFFF, 2, 0, 21 },
				Package () { 0x000BFFFF, 3, 0, 22 },
				Package () { 0x000CFFFF, 0, 0, 20 },
				Package () { 0x000CFFFF, 1, 0, 21 },
				Package () { 0x000CFFFF, 2, 0, 22 },
				Package () { 0x000CFFFF, 3, 0, 23 },
				Package () { 0x000DFFFF, 0, 0, 21 },
				Package () { 0x000DFFFF, 1, 0, 22 },
				Package () { 0x000DFFFF, 2, 0, 23 },
				Package () { 0x000DFFFF, 3, 0, 16 },
				Package () { 0x000EFFFF, 0, 0, 22 },
				Package () { 0x000EFFFF, 1, 0, 23 },
				Package () { 0x000EFFFF, 2, 0, 16 },
				Package () { 0x000EFFFF, 3, 0, 17 },
				Package () { 0x000FFFFF, 0, 0, 23 },
				Package () { 0x000FFFFF, 1, 0, 16 },
				Package () { 0x000FFFFF, 2, 0, 17 },
				Package () { 0x000FFFFF, 3, 0, 18 },
				Package () { 0x0010FFFF, 0, 0, 16 },
				Package () { 0x0010FFFF, 1, 0, 17 },
				Package () { 0x0010FFFF, 2, 0, 18 },
				Package () { 0x0010FFFF, 3, 0, 19 },
				Package () { 0x0011FFFF, 0, 0, 17 },
				Package () { 0x0011FFFF, 1, 0, 18 },
				Package () { 0x0011FFFF, 2, 0, 19 },
				Package () { 0x0011FFFF, 3, 0, 20 },
				Package () { 0x0012FFFF, 0, 0, 18 },
				Package () { 0x0012FFFF, 1, 0, 19 },
				Package () { 0x0012FFFF, 2, 0, 20 },
				Package () { 0x0012FFFF, 3, 0, 21 },
				Package () { 0x0013FFFF, 0, 0, 19 },
				Package () { 0x0013FFFF, 1, 0, 20 },
				Package () { 0x0013FFFF, 2, 0, 21 },
				Package () { 0x0013FFFF, 3, 0, 22 },
				Package () { 0x0014FFFF, 0, 0, 20 },
				Package () { 0x0014FFFF, 1, 0, 21 },
				Package () { 0x0014FFFF, 2, 0, 22 },
				Package () { 0x0014FFFF, 3, 0, 23 },
				Package () { 0x0015FFFF, 0, 0, 21 },
				Package () { 0x0015FFFF, 1, 0, 22 },
				Package () { 0x0015FFFF, 2, 0, 23 },
				Package () { 0x0015FFFF, 3, 0, 16 },
				Package () { 0x0016FFFF, 0, 0, 22 },
				Package () { 0x0016FFFF, 1, 0, 23 },
				Package () { 0x0016FFFF, 2, 0, 16 },
				Package () { 0x0016FFFF, 3, 0, 17 },
				Package () { 0x0017FFFF, 0, 0, 23 },
				Package () { 0x0017FFFF, 1, 0, 16 },
				Package () { 0x0017FFFF, 2, 0, 17 },
				Package () { 0x0017FFFF, 3, 0, 18 },
				Package () { 0x0018FFFF, 0, 0, 16 },
				Package () { 0x0018FFFF, 1, 0, 17 },
				Package () { 0x0018FFFF, 2, 0, 18 },
				Package () { 0x0018FFFF, 3, 0, 19 },
				Package () { 0x0019FFFF, 0, 0, 17 },
				Package () { 0x0019FFFF, 1, 0, 18 },
				Package () { 0x0019FFFF, 2, 0, 19 },
				Package () { 0x0019FFFF, 3, 0, 20 },
				Package () { 0x001AFFFF, 0, 0, 18 },
				Package () { 0x001AFFFF, 1, 0, 19 },
				Package () { 0x001AFFFF, 2, 0, 20 },
				Package () { 0x001AFFFF, 3, 0, 21 },
				Package () { 0x001BFFFF, 0, 0, 19 },
				Package () { 0x001BFFFF, 1, 0, 20 },
				Package () { 0x001BFFFF, 2, 0, 21 },
				Package () { 0x001BFFFF, 3, 0, 22 },
				Package () { 0x001CFFFF, 0, 0, 20 },
				Package () { 0x001CFFFF, 1, 0, 21 },
				Package () { 0x001CFFFF, 2, 0, 22 },
				Package () { 0x001CFFFF, 3, 0, 23 },
				Package () { 0x001DFFFF, 0, 0, 21 },
				Package () { 0x001DFFFF, 1, 0, 22 },
				Package () { 0x001DFFFF, 2, 0, 23 },
				Package () { 0x001DFFFF, 3, 0, 16 },
				Package () { 0x001EFFFF, 0, 0, 22 },
				Package () { 0x001EFFFF, 1, 0, 23 },
				Package () { 0x001EFFFF, 2, 0, 16 },
				Package () { 0x001EFFFF, 3, 0, 17 },
				Package () { 0x001FFFFF, 0, 0, 23 },
				Package () { 0x001FFFFF, 1, 0, 16 },
				Package () { 0x001FFFFF, 2, 0, 17 },
				Package () { 0x001FFFFF, 3, 0, 18 }
			})
			// The same through the 8259s: IRQ 10 and 11, level.
			Name (PRTP, Package () {
				Package () { 0x0001FFFF, 0, 0, 11 },
				Package () { 0x0001FFFF, 1, 0, 10 },
				Package () { 0x0001FFFF, 2, 0, 11 },
				Package () { 0x0001FFFF, 3, 0, 10 },
				Package () { 0x0002FFFF, 0, 0, 10 },
				Package () { 0x0002FFFF, 1, 0, 11 },
				Package () { 0x0002FFFF, 2, 0, 10 },
				Package () { 0x0002FFFF, 3, 0, 11 },
				Package () { 0x0003FFFF, 0, 0, 11 },
				Package () { 0x0003FFFF, 1, 0, 10 },
				Package () { 0x0003FFFF, 2, 0, 11 },
				Package () { 0x0003FFFF, 3, 0, 10 },
				Package () { 0x0004FFFF, 0, 0, 10 },
				Package () { 0x0004FFFF, 1, 0, 11 },
				Package () { 0x0004FFFF, 2, 0, 10 },
				Package () { 0x0004FFFF, 3, 0, 11 },
				Package () { 0x0005FFFF, 0, 0, 11 },
				Package () { 0x0005FFFF, 1, 0, 10 },
				Package () { 0x0005FFFF, 2, 0, 11 },
				Package () { 0x0005FFFF, 3, 0, 10 },
				Package () { 0x0006FFFF, 0, 0, 10 },
				Package () { 0x0006FFFF, 1, 0, 11 },
				Package () { 0x0006FFFF, 2, 0, 10 },
				Package () { 0x0006FFFF, 3, 0, 11 },
				Package () { 0x0007FFFF, 0, 0, 11 },
				Package () { 0x0007FFFF, 1, 0, 10 },
				Package () { 0x0007FFFF, 2, 0, 11 },
				Package () { 0x0007FFFF, 3, 0, 10 },
				Package () { 0x0008FFFF, 0, 0, 10 },
				Package () { 0x0008FFFF, 1, 0, 11 },
				Package () { 0x0008FFFF, 2, 0, 10 },
				Package () { 0x0008FFFF, 3, 0, 11 },
				Package () { 0x0009FFFF, 0, 0, 11 },
				Package () { 0x0009FFFF, 1, 0, 10 },
				Package () { 0x0009FFFF, 2, 0, 11 },
				Package () { 0x0009FFFF, 3, 0, 10 },
				Package () { 0x000AFFFF, 0, 0, 10 },
				Package () { 0x000AFFFF, 1, 0, 11 },
				Package () { 0x000AFFFF, 2, 0, 10 },
				Package () { 0x000AFFFF, 3, 0, 11 },
				Package () { 0x000BFFFF, 0, 0, 11 },
				Package () { 0x000BFFFF, 1, 0, 10 },
				Package () { 0x000BFFFF, 2, 0, 11 },
				Package () { 0x000BFFFF, 3, 0, 10 },
				Package () { 0x000CFFFF, 0, 0, 10 },
				Package () { 0x000CFFFF, 1, 0, 11 },
				Package () { 0x000CFFFF, 2, 0, 10 },
				Package () { 0x000CFFFF, 3, 0, 11 },
				Package () { 0x000DFFFF, 0, 0, 11 },
				Package () { 0x000DFFFF, 1, 0, 10 },
				Package () { 0x000DFFFF, 2, 0, 11 },
				Package () { 0x000DFFFF, 3, 0, 10 },
				Package () { 0x000EFFFF, 0, 0, 10 },
				Package () { 0x000EFFFF, 1, 0, 11 },
				Package () { 0x000EFFFF, 2, 0, 10 },
				Package () { 0x000EFFFF, 3, 0, 11 },
				Package () { 0x000FFFFF, 0, 0, 11 },
				Package () { 0x000FFFFF, 1, 0, 10 },
				Package () { 0x000FFFFF, 2, 0, 11 },
				Package () { 0x000FFFFF, 3, 0, 10 },
				Package () { 0x0010FFFF, 0, 0, 10 },
				Package () { 0x0010FFFF, 1, 0, 11 },
				Package () { 0x0010FFFF, 2, 0, 10 },
				Package () { 0x0010FFFF, 3, 0, 11 },
				Package () { 0x0011FFFF, 0, 0, 11 },
				Package () { 0x0011FFFF, 1, 0, 10 },
				Package () { 0x0011FFFF, 2, 0, 11 },
				Package () { 0x0011FFFF, 3, 0, 10 },
				Package () { 0x0012FFFF, 0, 0, 10 },
				Package () { 0x0012FFFF, 1, 0, 11 },
				Package () { 0x0012FFFF, 2, 0, 10 },
				Package () { 0x0012FFFF, 3, 0, 11 },
				Package () { 0x0013FFFF, 0, 0, 11 },
				Package () { 0x0013FFFF, 1, 0, 10 },
				Package () { 0x0013FFFF, 2, 0, 11 },
				Package () { 0x0013FFFF, 3, 0, 10 },
				Package () { 0x0014FFFF, 0, 0, 10 },
				Package () { 0x0014FFFF, 1, 0, 11 },
				Package () { 0x0014FFFF, 2, 0, 10 },
				Package () { 0x0014FFFF, 3, 0, 11 },
				Package () { 0x0015FFFF, 0, 0, 11 },
				Package () { 0x0015FFFF, 1, 0, 10 },
				Package () { 0x0015FFFF, 2, 0, 11 },
				Package () { 0x0015FFFF, 3, 0, 10 },
				Package () { 0x0016FFFF, 0, 0, 10 },
				Package () { 0x0016FFFF, 1, 0, 11 },
				Package () { 0x0016FFFF, 2, 0, 10 },
				Package () { 0x0016FFFF, 3, 0, 11 },
				Package () { 0x0017FFFF, 0, 0, 11 },
				Package () { 0x0017FFFF, 1, 0, 10 },
				Package () { 0x0017FFFF, 2, 0, 11 },
				Package () { 0x0017FFFF, 3, 0, 10 },
				Package () { 0x0018FFFF, 0, 0, 10 },
				Package () { 0x0018FFFF, 1, 0, 11 },
				Package () { 0x0018FFFF, 2, 0, 10 },
				Package () { 0x0018FFFF, 3, 0, 11 },
				Package () { 0x0019FFFF, 0, 0, 11 },
				Package () { 0x0019FFFF, 1, 0, 10 },
				Package () { 0x0019FFFF, 2, 0, 11 },
				Package () { 0x0019FFFF, 3, 0, 10 },
				Package () { 0x001AFFFF, 0, 0, 10 },
				Package () { 0x001AFFFF, 1, 0, 11 },
				Package () { 0x001AFFFF, 2, 0, 10 },
				Package () { 0x001AFFFF, 3, 0, 11 },
				Package () { 0x001BFFFF, 0, 0, 11 },
				Package () { 0x001BFFFF, 1, 0, 10 },
				Package () { 0x001BFFFF, 2, 0, 11 },
				Package () { 0x001BFFFF, 3, 0, 10 },
				Package () { 0x001CFFFF, 0, 0, 10 },
				Package () { 0x001CFFFF, 1, 0, 11 },
				Package () { 0x001CFFFF, 2, 0, 10 },
				Package () { 0x001CFFFF, 3, 0, 11 },
				Package () { 0x001DFFFF, 0, 0, 11 },
				Package () { 0x001DFFFF, 1, 0, 10 },
				Package () { 0x001DFFFF, 2, 0, 11 },
				Package () { 0x001DFFFF, 3, 0, 10 },
				Package () { 0x001EFFFF, 0, 0, 10 },
				Package () { 0x001EFFFF, 1, 0, 11 },
				Package () { 0x001EFFFF, 2, 0, 10 },
				Package () { 0x001EFFFF, 3, 0, 11 },
				Package () { 0x001FFFFF, 0, 0, 11 },
				Package () { 0x001FFFFF, 1, 0, 10 },
				Package () { 0x001FFFFF, 2, 0, 11 },
				Package () { 0x001FFFFF, 3, 0, 10 }
			})
			Method (_PRT, 0, NotSerialized) {
				If (PICM) { Return (PRTA) }
				Return (PRTP)
			}

			Device (ISA) {
				Name (_ADR, 0x00010000)

				Device (PIC) {
					Name (_HID, EisaId ("PNP0000"))
					Name (_CRS, ResourceTemplate () {
						IO (Decode16, 0x20, 0x20, 1, 2)
						IO (Decode16, 0xA0, 0xA0, 1, 2)
						IO (Decode16, 0x4D0, 0x4D0, 1, 2)
						IRQNoFlags () { 2 }
					})
				}
				Device (PIT) {
					Name (_HID, EisaId ("PNP0100"))
					Name (_CRS, ResourceTemplate () {
						IO (Decode16, 0x40, 0x40, 1, 4)
						IRQNoFlags () { 0 }
					})
				}
				Device (RTC) {
					Name (_HID, EisaId ("PNP0B00"))
					Name (_CRS, ResourceTemplate () {
						IO (Decode16, 0x70, 0x70, 1, 2)
						IRQNoFlags () { 8 }
					})
				}
				Device (SPKR) {
					Name (_HID, EisaId ("PNP0800"))
					Name (_CRS, ResourceTemplate () {
						IO (Decode16, 0x61, 0x61, 1, 1)
					})
				}
				// Ports of ours that nobody else may use.
				Device (SYSR) {
					Name (_HID, EisaId ("PNP0C02"))
					Name (_CRS, ResourceTemplate () {
						IO (Decode16, 0x600, 0x600, 1, 0x40)
						Memory32Fixed (ReadOnly,
						    0xFEE00000, 0x1000)
						Memory32Fixed (ReadOnly,
						    0xFEC00000, 0x1000)
					})
				}
				Device (COM1) {
					Name (_HID, EisaId ("PNP0501"))
					Name (_UID, 1)
					Method (_STA, 0, NotSerialized) {
						If (NSER > 0) { Return (0x0F) }
						Return (0)
					}
					Name (_CRS, ResourceTemplate () {
						IO (Decode16, 0x3F8, 0x3F8, 1, 8)
						IRQNoFlags () { 4 }
					})
				}
				Device (COM2) {
					Name (_HID, EisaId ("PNP0501"))
					Name (_UID, 2)
					Method (_STA, 0, NotSerialized) {
						If (NSER > 1) { Return (0x0F) }
						Return (0)
					}
					Name (_CRS, ResourceTemplate () {
						IO (Decode16, 0x2F8, 0x2F8, 1, 8)
						IRQNoFlags () { 3 }
					})
				}
				Device (COM3) {
					Name (_HID, EisaId ("PNP0501"))
					Name (_UID, 3)
					Method (_STA, 0, NotSerialized) {
						If (NSER > 2) { Return (0x0F) }
						Return (0)
					}
					Name (_CRS, ResourceTemplate () {
						IO (Decode16, 0x3E8, 0x3E8, 1, 8)
						IRQNoFlags () { 4 }
					})
				}
				Device (COM4) {
					Name (_HID, EisaId ("PNP0501"))
					Name (_UID, 4)
					Method (_STA, 0, NotSerialized) {
						If (NSER > 3) { Return (0x0F) }
						Return (0)
					}
					Name (_CRS, ResourceTemplate () {
						IO (Decode16, 0x2E8, 0x2E8, 1, 8)
						IRQNoFlags () { 3 }
					})
				}
			}
		}
	}
}
