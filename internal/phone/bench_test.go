package phone_test

import (
	"testing"

	"github.com/entraops/phone-operator/internal/phone"
)

// BenchmarkParse reads a number as a resource has it, and BenchmarkRead one as Graph shows it.
func BenchmarkParse(b *testing.B) {
	for name, s := range map[string]string{
		"as Graph prints it": "+1 2065550101", "E.164": "+12065550101", "with an extension": "+1 2065550103x9073156", "no number": "+1 206555",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = phone.Parse(s)
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	n, err := phone.Parse("+12065550101")
	if err != nil {
		b.Fatal(err)
	}
	for name, s := range map[string]string{"whole": "+1 2065550101", "masked": "+1 XXXXXXXX01"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = phone.Read(s)
			}
		})
	}
	b.Run("mask", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = n.Masked()
		}
	})
}
