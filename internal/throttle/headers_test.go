package throttle

import (
	"net/http"
	"testing"
	"time"
)

// The server's clock shows 03:04:05 where its answer tells. Ours may show anything.
func TestHowLongToStayAway(t *testing.T) {
	at := func(clock string) string { return "Wed, 02 Jan 2030 " + clock + " GMT" }
	for name, tc := range map[string]struct {
		retryAfter, date string
		ours             string
		want             time.Duration
	}{
		"seconds":                                {"17", "", "03:04:05", 17 * time.Second},
		"seconds, whatever the clocks say":       {"17", at("01:00:00"), "09:00:00", 17 * time.Second},
		"a hundred years":                        {"3153600000", "", "03:04:05", 24 * time.Hour},
		"a date":                                 {at("03:04:35"), at("03:04:05"), "03:04:05", 30 * time.Second},
		"a date, and our clock is hours late":    {at("03:04:35"), at("03:04:05"), "00:00:00", 30 * time.Second},
		"a date, and our clock is hours early":   {at("03:04:35"), at("03:04:05"), "09:00:00", 30 * time.Second},
		"a date of another day":                  {"Fri, 31 Dec 9999 23:59:59 GMT", at("03:04:05"), "03:04:05", 24 * time.Hour},
		"a date alone":                           {at("03:04:35"), "", "03:04:05", 30 * time.Second},
		"a date alone, and our clock is late":    {at("03:04:35"), "", "00:00:00", 5 * time.Minute},
		"a date alone, and our clock is early":   {at("03:04:35"), "", "09:00:00", 0},
		"a date beside nonsense, clock late":     {at("03:04:35"), "soon", "00:00:00", 5 * time.Minute},
		"the date of the answer itself":          {at("03:04:05"), at("03:04:05"), "00:00:00", 0},
		"a date that is past":                    {at("03:04:00"), at("03:04:05"), "00:00:00", 0},
		"zero":                                   {"0", "", "03:04:05", 0},
		"less than zero":                         {"-5", "", "03:04:05", 0},
		"nonsense":                               {"soon", "", "03:04:05", 0},
		"nothing":                                {"", at("03:04:05"), "03:04:05", 0},
		"seconds that do not fit into a machine": {"99999999999999999999", "", "03:04:05", 0},
	} {
		t.Run(name, func(t *testing.T) {
			ours, err := http.ParseTime(at(tc.ours))
			if err != nil {
				t.Fatal(err)
			}
			h := http.Header{}
			for name, value := range map[string]string{"Retry-After": tc.retryAfter, "Date": tc.date} {
				if value != "" {
					h.Set(name, value)
				}
			}
			got, asked := RetryAfter(h, ours)
			if got != tc.want || asked != (tc.want > 0) {
				t.Errorf("%v (asked %v), want %v", got, asked, tc.want)
			}
		})
	}
}

// FuzzRetryAfter lets Graph ask for any pause. The tenant pauses, and for no longer than
// anybody would wait.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "3", "-1", "0", "1.5", "99999999999", "9223372036854775807", "Wed, 02 Jan 2030 03:04:35 GMT",
		"Fri, 31 Dec 9999 23:59:59 GMT", "soon", "١٢"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		th, clock := newThrottle()
		clock.exchange(th, http.StatusTooManyRequests, said("Retry-After", value))
		wait := th.Pause()
		if wait <= 0 || wait > 25*time.Hour {
			t.Errorf("after %q the tenant waits for %v", value, wait)
		}
		clock.advance(wait)
		if left := th.Pause(); left > 0 {
			t.Fatalf("after %q it stays paused for %v", value, left)
		}
	})
}
