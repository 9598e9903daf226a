package chain

import (
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Next is what brings a resource further: who acts, what they do, and when the operator looks again by itself.
type Next struct {
	Who  string `json:"who"`
	What string `json:"what"`
	When string `json:"when"`
}

// Who acts.
const (
	nobody   = "nobody"
	you      = "you"
	admin    = "an administrator"
	theUser  = "the user"
	operator = "the operator"
)

const (
	atResync = "at the resync"
	atOnce   = "at once"
)

// byReason has a line for each reason that Ready can give. docs/phoneauthenticationmethod.md has them at length.
var byReason = map[string]Next{
	v1alpha1.ReasonReady:                     {nobody, "All is as it should be.", atResync},
	v1alpha1.ReasonPending:                   {operator, "A change is on its way.", "within seconds"},
	v1alpha1.ReasonConflict:                  {you, "Delete one of the two resources that speak for this phone.", "at once when the other goes"},
	v1alpha1.ReasonNotPermitted:              {admin, "Add a rule to spec.access of the EntraTenant, or put the number into a Secret if the message says so.", "at once when the rules or the namespace's labels change"},
	v1alpha1.ReasonPrivilegedUser:            {admin, "Manage this user by hand, grant the permission that the message names, or set privilegedUsers: Allow.", atResync},
	v1alpha1.ReasonTenantNotFound:            {admin, "Create the EntraTenant; or create this resource anew with another tenantRef.", "at once when it is there"},
	v1alpha1.ReasonTenantNotReady:            {admin, "Mend the EntraTenant: its Ready condition says what is wrong.", "at once when it works"},
	v1alpha1.ReasonInvalidNumber:             {you, "Correct the number in spec or in the Secret.", atOnce + " when it changes"},
	v1alpha1.ReasonNumberSourceNotFound:      {you, "Create the Secret or its key, or give the right that the message names.", "at once when it appears"},
	v1alpha1.ReasonUserNotFound:              {you, "Check spec.user: a guest's name has #EXT#. It cannot be changed: create the resource anew.", "with growing distance for two minutes, then at the resync"},
	v1alpha1.ReasonUserChanged:               {you, "The name belongs to somebody else now. Delete the resource, and create it anew if that user is meant.", atResync},
	v1alpha1.ReasonWaitingForMobile:          {you, "Declare the user's mobile: Graph wants one beside an alternateMobile.", "at once when a declared mobile is there, else less and less often"},
	v1alpha1.ReasonWaitingForAlternateMobile: {you, "Delete the alternateMobile first, or set deletionPolicy: Orphan.", "at once when a declared one goes, else less and less often"},
	v1alpha1.ReasonAlreadyExists:             {you, "Declare the number that Graph has, set adoptionPolicy: Always, or remove the phone in Entra.", atResync},
	v1alpha1.ReasonDriftDetected:             {you, "Set driftPolicy: Correct, change spec, or find out who changes the phone in Entra.", atResync},
	v1alpha1.ReasonDefaultMethod:             {theUser, "Choose another default in My Security Info; or you set deletionPolicy: Orphan.", "every 10 minutes"},
	v1alpha1.ReasonRejected:                  {you, "Check the number; edit spec, or `kubectl phonemethod reconcile` to have it tried again.", atResync},
	v1alpha1.ReasonUserRestricted:            {admin, "Give the app's service principal a role at the scope of the user's restricted unit, or manage the user by hand.", atResync},
	v1alpha1.ReasonSMSSignInNotAsAsked:       {admin, "See the tenant's policy for SMS sign-in, and whether another user signs in with the number.", atResync},
	v1alpha1.ReasonThrottled:                 {nobody, "Graph asked for a pause, or takes no more now.", "when Graph allows"},
	v1alpha1.ReasonGraphUnavailable:          {nobody, "Graph did not answer as it should; if it lasts, look at the network.", "after a while, at most 5 minutes"},
	v1alpha1.ReasonForbidden:                 {admin, "Grant the permission that the message names, with admin consent.", "within a minute of the grant"},
	v1alpha1.ReasonWouldChange:               {admin, "Set mode: Enforce on the EntraTenant to have it done.", "at once when the mode changes"},
	v1alpha1.ReasonDeletionBudgetExhausted:   {nobody, "limits.deletionsPerHour of the EntraTenant is spent; or an administrator raises it.", "when the hour frees a place, at once when it is raised"},
}

// next is what comes next. What the operator has let go of waits for others, and a suspended resource for whoever resumes it,
// whatever it says.
func next(o *v1alpha1.PhoneAuthenticationMethod, tenant *v1alpha1.EntraTenant, reason string) Next {
	if letGo(o) {
		return Next{admin, "See who is to remove the finalizers that still hold it.", "not any more"}
	}
	if o.Spec.Suspend && o.DeletionTimestamp.IsZero() {
		return Next{you, "`kubectl phonemethod resume` it when it should go on.", atOnce + " when it is resumed"}
	}
	n, known := byReason[reason]
	if !known {
		return Next{admin, "See whether the operator runs, watches this namespace and selects the EntraTenant, and whether the EntraTenant has conditions.", "when it runs"}
	}
	if n.When == atResync && tenant != nil {
		n.When += ", every " + duration.HumanDuration(tenant.Spec.ResyncPeriodOrDefault()) + " give or take a tenth"
	}
	return n
}
