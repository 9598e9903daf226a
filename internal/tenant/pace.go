package tenant

import (
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/throttle"
)

// How rarely a learnt pace is written down: when it is so many times what is written or
// less, and not before so much time.
const (
	paceDiffers = 1.5
	paceApart   = time.Minute
	readsApart  = 10 * time.Minute
)

// LearntPace is the pace that an EntraTenant's status holds.
func LearntPace(written v1alpha1.RequestPace) (p throttle.Pace) {
	p[throttle.Authentication] = float64(written.AuthenticationRequestsPerMinute) / 60
	p[throttle.Directory] = float64(written.DirectoryRequestsPerMinute) / 60
	return p
}

// ReportPace returns what an EntraTenant's status is to hold of the pace, for so many
// users. It is what is written already where that is near enough. allRead is since when each user
// was read; zero: one was not.
func ReportPace(written v1alpha1.RequestPace, pace throttle.Pace, users int32, allRead, now time.Time) v1alpha1.RequestPace {
	was, since := LearntPace(written), now.Sub(written.LastUpdateTime.Time)
	if differ(was, pace) && (since < 0 || since >= paceApart) {
		written.AuthenticationRequestsPerMinute = perMinute(pace[throttle.Authentication])
		written.DirectoryRequestsPerMinute = perMinute(pace[throttle.Directory])
		written.LastUpdateTime = metav1.NewTime(now).Rfc3339Copy()
	}
	written.DriftPass = driftPass(written, users)
	if d := allRead.Sub(written.AllReadSince.Time); allRead.IsZero() || d < 0 || d >= readsApart {
		written.AllReadSince = metav1.NewTime(allRead).Rfc3339Copy()
	}
	return written
}

func differ(was, is throttle.Pace) bool {
	for c := range is {
		if is[c] >= paceDiffers*was[c] || was[c] >= paceDiffers*is[c] {
			return true
		}
	}
	return false
}

// perMinute has two digits that count: more is not known.
func perMinute(perSecond float64) int32 {
	n := max(1, math.Round(60*perSecond))
	unit := math.Pow10(max(0, int(math.Log10(n))-1))
	return int32(math.Round(n/unit) * unit)
}

// driftPass is how long it takes to read each of the users once; nil where nobody is.
// A drift check makes one request of each class.
func driftPass(pace v1alpha1.RequestPace, users int32) *metav1.Duration {
	slowest := min(pace.AuthenticationRequestsPerMinute, pace.DirectoryRequestsPerMinute)
	if users == 0 || slowest == 0 {
		return nil
	}
	takes := time.Duration(float64(users) / float64(slowest) * float64(time.Minute))
	unit := time.Second
	if takes > 10*time.Minute {
		unit = time.Minute
	}
	return &metav1.Duration{Duration: max(takes.Round(unit), time.Second)}
}
