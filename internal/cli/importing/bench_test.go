package importing_test

import (
	"flag"
	"fmt"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/cli/importing"
)

var rowsOfBench = flag.Int("rows", 2000, "how many rows BenchmarkImport has; docs/kubectl-plugin.md has a hundred thousand")

// BenchmarkImport reads a table of an HR system and writes the manifests. B/op is what was ever allocated; the most that
// was held at once is peak-MB.
func BenchmarkImport(b *testing.B) {
	var table strings.Builder
	table.WriteString("Name;UPN;Mobile;Office;Country\n")
	for n := range *rowsOfBench {
		fmt.Fprintf(&table, "\"Person, No %d\";user%d@contoso.com;(206) 5%02d-%04d;+1 425 5%02d %04d ext. 12;US\n", n, n, n/10000, n%10000, n/10000, n%10000)
	}
	i := open(b, table.String(), "", nil)
	table.Reset()
	b.ReportAllocs()
	for b.Loop() {
		f, err := importing.NewFolder(b.TempDir(), importing.Style{})
		if err != nil {
			b.Fatal(err)
		}
		var held peak
		s, err := i.Run(func(p importing.Phone) error {
			held.look()
			return f.Put(p)
		}, func(importing.Finding) {})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.End(); err != nil {
			b.Fatal(err)
		}
		f.Close()
		b.ReportMetric(float64(s.Phones), "phones")
		b.ReportMetric(float64(held.most)/1e6, "peak-MB")
	}
}

// peak is the most memory that was taken from the system for live and dead objects, as far as it was looked at.
type peak struct {
	calls int
	most  uint64
}

func (p *peak) look() {
	if p.calls++; p.calls%1000 != 0 {
		return
	}
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	p.most = max(p.most, sample[0].Value.Uint64())
}
