package phonemethod

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// step is one thing that happens in a history, with the sentence that tells it.
// A step that cannot be, such as the deletion of what is not there, does nothing.
type step struct {
	say string
	do  func(*model)
}

// GoString is what rapid prints.
func (s step) GoString() string { return s.say }

func (m *model) take(steps ...step) {
	for _, s := range steps {
		m.logf("%s", time.Now().Format("02 15:04:05"))
		s.do(m)
	}
}

// says is a part of a spec, in words and in deeds.
type says struct {
	say string
	set func(*pam)
}

func spec(say string, set func(*v1alpha1.PhoneAuthenticationMethodSpec)) says {
	return says{say, func(o *pam) { set(&o.Spec) }}
}

func number(n string) says {
	return spec("number "+n, func(s *v1alpha1.PhoneAuthenticationMethodSpec) { s.PhoneNumber, s.PhoneNumberFrom = n, nil })
}

func adopting(p v1alpha1.AdoptionPolicy) says {
	return spec("adoptionPolicy "+string(p), func(s *v1alpha1.PhoneAuthenticationMethodSpec) { s.AdoptionPolicy = p })
}

func drifting(p v1alpha1.DriftPolicy) says {
	return spec("driftPolicy "+string(p), func(s *v1alpha1.PhoneAuthenticationMethodSpec) { s.DriftPolicy = p })
}

func deleting(p v1alpha1.DeletionPolicy) says {
	return spec("deletionPolicy "+string(p), func(s *v1alpha1.PhoneAuthenticationMethodSpec) { s.DeletionPolicy = p })
}

func suspended(yes bool) says {
	return spec(fmt.Sprintf("suspend %v", yes), func(s *v1alpha1.PhoneAuthenticationMethodSpec) { s.Suspend = yes })
}

// sms is for mobiles only, as the API server sees to.
func sms(want v1alpha1.SMSSignIn) says {
	return spec("smsSignIn "+string(want), func(s *v1alpha1.PhoneAuthenticationMethodSpec) {
		if s.PhoneType == v1alpha1.PhoneTypeMobile {
			s.SMSSignIn = want
		}
	})
}

var fromSecret = spec("the number from the Secret", func(s *v1alpha1.PhoneAuthenticationMethodSpec) {
	s.PhoneNumber = ""
	s.PhoneNumberFrom = &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "phones", Key: "number"}}
})

func asking() says {
	return says{"a reconcile is asked for", func(o *pam) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.ReconcileRequestedAtAnnotation, fmt.Sprint(time.Now().UnixNano(), len(requestOf(o))))
	}}
}

func keyFor(name string) client.ObjectKey {
	namespace, name, _ := strings.Cut(name, "/")
	return client.ObjectKey{Namespace: namespace, Name: name}
}

func creates(name, user string, t v1alpha1.PhoneType, parts ...says) step {
	return step{fmt.Sprintf("%s is applied: %s of %s%s", name, t, user, join(parts)), func(m *model) {
		key := keyFor(name)
		if m.cluster.pams[key] != nil {
			return
		}
		o := &pam{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
		o.Spec = v1alpha1.PhoneAuthenticationMethodSpec{User: user, PhoneType: t}
		for _, p := range parts {
			p.set(o)
		}
		m.cluster.create(o)
	}}
}

func edits(name string, parts ...says) step {
	return step{name + " is edited" + join(parts), func(m *model) {
		if key := keyFor(name); m.cluster.pams[key] != nil {
			m.cluster.edit(key, func(o *pam) {
				for _, p := range parts {
					p.set(o)
				}
			})
		}
	}}
}

func join(parts []says) (all string) {
	for _, p := range parts {
		all += ", " + p.say
	}
	return all
}

func deletes(names ...string) step {
	return step{strings.Join(names, " and ") + " is deleted", func(m *model) {
		for _, name := range names {
			if key := keyFor(name); m.cluster.pams[key] != nil {
				m.cluster.remove(key)
			}
		}
	}}
}

// secretSays sets the number in a namespace's Secret; "" deletes the Secret.
func secretSays(namespace, n string) step {
	say := fmt.Sprintf("the Secret in %s says %s", namespace, n)
	if n == "" {
		say = fmt.Sprintf("the Secret in %s is deleted", namespace)
	}
	return step{say, func(m *model) {
		key := client.ObjectKey{Namespace: namespace, Name: "phones"}
		if n == "" {
			delete(m.cluster.secrets, key)
		} else {
			m.cluster.secrets[key] = &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name},
				Data:       map[string][]byte{"number": []byte(n + "\n")},
			}
		}
		secret := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
		for _, user := range m.process.usersOfSecret(context.Background(), secret) {
			m.process.work.Add(user)
		}
	}}
}

// labels sets a label of a namespace.
func labels(namespace, key, value string) step {
	return step{fmt.Sprintf("the label %s of namespace %s becomes %q", key, namespace, value), func(m *model) {
		m.cluster.labels[namespace] = map[string]string{key: value}
		ns := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
		for _, user := range m.process.usersOfNamespace(context.Background(), ns) {
			m.process.work.Add(user)
		}
	}}
}

// setsByHand changes a phone in Entra; "" removes it.
func setsByHand(user string, t v1alpha1.PhoneType, n string) step {
	say := fmt.Sprintf("by hand, %s of %.3s becomes %s", t, user, n)
	if n == "" {
		say = fmt.Sprintf("by hand, %s of %.3s is removed", t, user)
	}
	return step{say, func(m *model) {
		if _, ok := m.person(user); !ok {
			return
		}
		if n == "" {
			must(m.graph.RemovePhone(user, string(t)))
		} else {
			must(m.graph.SetPhone(user, string(t), n))
		}
		m.touch(user, t)
	}}
}

// changes changes a user's account.
func changes(user, say string, change func(*emulator.User)) step {
	return step{fmt.Sprintf("%.3s: %s", user, say), func(m *model) {
		_ = m.graph.UpdateUser(user, change) // nobody, or a name that is taken
	}}
}

func renames(user, upn string) step {
	return changes(user, "is renamed to "+upn, func(u *emulator.User) { u.UPN = upn })
}

func promotes(user string) step {
	return changes(user, "gets a directory role", func(u *emulator.User) {
		u.Roles = []emulator.Role{{TemplateID: "62e90394-69f5-4237-9190-012177145e10", DisplayName: "Global Administrator"}}
	})
}

func allowsSMS(user string, yes bool) step {
	return changes(user, fmt.Sprintf("SMS sign-in allowed: %v", yes), func(u *emulator.User) { u.SMSSignIn = yes })
}

func removesUser(user string) step {
	return step{fmt.Sprintf("%.3s is deleted in Entra", user), func(m *model) {
		if m.graph.RemoveUser(user) == nil {
			m.forgetUser(user)
		}
	}}
}

func (m *model) forgetUser(user string) {
	for key := range m.slots {
		if key.user == user {
			delete(m.slots, key)
		}
	}
}

func addsEve(upn string, hidden int) step {
	return step{fmt.Sprintf("eve comes to Entra as %s, hidden for %d requests", upn, hidden), func(m *model) {
		_ = m.graph.AddUser(emulator.User{ID: eve, UPN: upn, HiddenFor: hidden, OtherMethods: []emulator.OtherMethod{authenticator}})
	}}
}

// tenantEdited changes the EntraTenant, and its controller tells the users.
func tenantEdited(say string, change func(*tenantState)) step {
	return step{"the EntraTenant: " + say, func(m *model) {
		change(&m.tenant)
		if m.registered != nil || m.tenant.state != tenantUsable {
			m.connectTenant()
		}
	}}
}

func ruled(say string, change func(*v1alpha1.AccessRule)) step {
	return tenantEdited(say, func(s *tenantState) { s.spec.Access = rules(change) })
}

// What a rule may be changed to.
func onlyPeopleMay(r *v1alpha1.AccessRule) {
	r.Namespaces.MatchExpressions[0].Values = []string{"people"}
}
func onlyBob(r *v1alpha1.AccessRule) { r.Users = []string{"bob*"} }
func onlyOffice(r *v1alpha1.AccessRule) {
	r.PhoneTypes = []v1alpha1.PhoneType{v1alpha1.PhoneTypeOffice}
}
func secretsOnly(r *v1alpha1.AccessRule) { r.NumberSource = v1alpha1.NumberSourceSecretOnly }
func withoutUpdate(r *v1alpha1.AccessRule) {
	r.Actions = []v1alpha1.Action{v1alpha1.ActionCreate, v1alpha1.ActionDelete}
}

func deletionsPerHour(n int32) step {
	return tenantEdited(fmt.Sprintf("deletionsPerHour %d", n), func(s *tenantState) { s.spec.Limits = &v1alpha1.Limits{DeletionsPerHour: &n} })
}

func graphFault(say string, f emulator.Fault) step {
	return step{"Graph: " + say, func(m *model) {
		m.masking = m.masking || f.Effect == emulator.Mask
		must(m.graph.AddFault(f))
	}}
}

// granted is what the app registration may do from its next token on.
func granted(permissions ...string) step {
	return step{fmt.Sprintf("Entra: the app is granted %v", permissions), func(m *model) {
		must(m.graph.AddApp(emulator.App{ClientID: modelCID, Secret: "secret", Roles: permissions}))
		m.grantedAnew = true
	}}
}

var graphWell = step{"Graph is well again", func(m *model) { m.graph.ClearFaults() }}

func apiFails(faults ...apiFault) step {
	return step{fmt.Sprintf("the API server fails at the next writes (1 before, 2 after the effect): %v", faults), func(m *model) {
		m.apiFaults = slices.Clone(faults)
	}}
}

// dies ends the operator at a call: each call to Graph or the API server is two,
// on its way and on its way back.
func dies(kill bool, calls int, tenantFirst bool) step {
	how := map[bool]string{true: "killed", false: "stopped"}[kill]
	return step{fmt.Sprintf("the operator is %s at half-call %d from now", how, calls), func(m *model) {
		m.process.fuse = &fuse{calls: calls, kill: kill}
		m.tenantFirst = tenantFirst
	}}
}

func cacheBehind(passes int) step {
	return step{fmt.Sprintf("the cache falls behind for %d passes", passes), func(m *model) { m.process.informer.behind = passes }}
}

func works(passes int) step {
	return step{fmt.Sprintf("the operator works off what is due, at most %d passes", passes), func(m *model) { m.work(passes) }}
}

// atOnce has the operator work off what a step makes due.
func atOnce(s step) step {
	return step{s.say + "; the operator works it off", func(m *model) {
		s.do(m)
		m.work(busy)
	}}
}

func waits(d time.Duration) step {
	return step{fmt.Sprintf("%v go by", d), func(m *model) { m.wait(d) }}
}
