package tenant

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/throttle"
)

var written = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// pace is what was written of a pace.
func pace(authentication, directory int32, at time.Time) v1alpha1.RequestPace {
	return v1alpha1.RequestPace{
		AuthenticationRequestsPerMinute: authentication, DirectoryRequestsPerMinute: directory, LastUpdateTime: metav1.NewTime(at),
	}
}

func TestAPaceIsWrittenRarely(t *testing.T) {
	was := pace(30, 6000, written)
	for name, tc := range map[string]struct {
		was   v1alpha1.RequestPace
		after time.Duration
		is    throttle.Pace // in a minute
		want  v1alpha1.RequestPace
	}{
		"the first":                        {is: throttle.Pace{throttle.Authentication: 30, throttle.Directory: 6000}, want: was},
		"the same":                         {was, time.Hour, throttle.Pace{throttle.Authentication: 30, throttle.Directory: 6000}, was},
		"a little more and less":           {was, time.Hour, throttle.Pace{throttle.Authentication: 44, throttle.Directory: 4100}, was},
		"half as much again":               {was, time.Hour, throttle.Pace{throttle.Authentication: 46, throttle.Directory: 6000}, pace(46, 6000, written.Add(time.Hour))},
		"a fall of the other":              {was, time.Hour, throttle.Pace{throttle.Authentication: 30, throttle.Directory: 582}, pace(30, 580, written.Add(time.Hour))},
		"much more, too soon":              {was, 59 * time.Second, throttle.Pace{throttle.Authentication: 600, throttle.Directory: 6000}, was},
		"much more, a minute later":        {was, time.Minute, throttle.Pace{throttle.Authentication: 1187, throttle.Directory: 6000}, pace(1200, 6000, written.Add(time.Minute))},
		"hardly any":                       {was, time.Hour, throttle.Pace{throttle.Authentication: 0.2, throttle.Directory: 6000}, pace(1, 6000, written.Add(time.Hour))},
		"written by a clock that is ahead": {was, -time.Hour, throttle.Pace{throttle.Authentication: 300, throttle.Directory: 6000}, pace(300, 6000, written.Add(-time.Hour))},
	} {
		t.Run(name, func(t *testing.T) {
			for c := range tc.is {
				tc.is[c] /= 60
			}
			if diff := cmp.Diff(tc.want, ReportPace(tc.was, tc.is, 0, time.Time{}, written.Add(tc.after))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHowLongADriftPassTakes(t *testing.T) {
	for name, tc := range map[string]struct {
		authentication, directory float64 // a second
		users                     int32
		want                      time.Duration
	}{
		"nobody":                           {0.5, 100, 0, 0},
		"by authentication methods":        {0.5, 100, 10_000, 5*time.Hour + 33*time.Minute},
		"by the directory":                 {20, 5, 10_000, 33 * time.Minute},
		"a few seconds":                    {0.5, 100, 3, 6 * time.Second},
		"not even a second":                {20, 100, 3, time.Second},
		"with two digits that count in it": {0.485, 100, 300, 10*time.Minute + 21*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			p := throttle.Pace{throttle.Authentication: tc.authentication, throttle.Directory: tc.directory}
			var got time.Duration
			if d := ReportPace(v1alpha1.RequestPace{}, p, tc.users, time.Time{}, written).DriftPass; d != nil {
				got = d.Duration
			}
			if got.Round(time.Minute) != tc.want.Round(time.Minute) || tc.want < 2*time.Minute && got != tc.want {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

// What is written is what the next operator begins with.
func TestAWrittenPaceIsReadBack(t *testing.T) {
	p := throttle.Pace{throttle.Authentication: 3, throttle.Directory: 30}
	r := NewRegistry()
	got := r.Throttle("x", time.Now, LearntPace(ReportPace(v1alpha1.RequestPace{}, p, 7, time.Time{}, written))).Pace()
	if got != p {
		t.Errorf("%v, want %v", got, p)
	}
	if got := NewRegistry().Throttle("x", time.Now, LearntPace(v1alpha1.RequestPace{})).Pace(); got != throttle.New(time.Now, nil, "").Pace() {
		t.Errorf("without one it is %v", got)
	}
}
