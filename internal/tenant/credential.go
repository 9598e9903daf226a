package tenant

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entraops/phone-operator/internal/graph"
)

// Identity is who signs in to a tenant.
type Identity struct {
	TenantID string // a GUID
	// ClientID is the application's, a GUID. Of a managed identity it may be empty: then
	// it is the machine's own.
	ClientID string
	Proof    Proof
}

// Proof is how an application proves who it is. It is made by one of the functions
// below. A secret inside is out of reach of everything that prints.
type Proof struct {
	name  string
	build func(Identity, setup) (azcore.TokenCredential, error)
}

// setup is what all credentials have in common.
type setup struct {
	options azcore.ClientOptions
	// own says that the authority is not one of Microsoft's, so that Microsoft is not
	// to be asked whether it may be trusted.
	own bool
}

// String returns the name of the kind of proof.
func (p Proof) String() string { return p.name }

var (
	errTenantID = errors.New("the tenant id is not a GUID: copy the Directory (tenant) ID")
	errClientID = errors.New("the client id is not a GUID: copy the Application (client) ID")
	errNoProof  = errors.New("there is no credential: choose a workload identity, a managed identity, a client secret or a client certificate")
	errNoToken  = errors.New("this pod has no federated token (AZURE_FEDERATED_TOKEN_FILE is not set), because Azure's workload identity webhook " +
		"did not see it start: see that the webhook runs and that the pod has the label azure.workload.identity/use=true, then restart the pod")
	errTokenFile = errors.New("the file of this pod's federated token (AZURE_FEDERATED_TOKEN_FILE) is not there, is empty or cannot be read: " +
		"see that the pod has the label azure.workload.identity/use=true and not a volume of its own in that place, then restart the pod")
	errNoSecret = errors.New("the client secret is empty: store the secret's value, not its id")
	errNoCert   = errors.New("the client certificate is empty: store certificate and private key, in PEM or PKCS#12")
	errCert     = errors.New("the client certificate cannot be read: it must be PEM or PKCS#12, without a password and with one " +
		"private key; of PKCS#12 the old encryption only is read (OpenSSL 3 writes it with -legacy), so prefer PEM")
	errCertKey    = errors.New("the client certificate and its private key do not belong together, or the key is not RSA")
	errCredential = errors.New("the credential cannot be used with these settings: check tenant id, client id and authority")
)

// How long to try for a token: less, all tries together, than a read may take, so that
// it is known what was in vain. A longer wait is for the work queue.
var (
	entraRetry = policy.RetryOptions{
		MaxRetries: 1, RetryDelay: 300 * time.Millisecond, MaxRetryDelay: time.Second, TryTimeout: 6 * time.Second,
		StatusCodes: []int{500, 502, 503, 504}, // not 429: who is asked too often is not asked again
	}
	// The metadata service of a machine answers 404 and 410 while it is not ready: its
	// own list of codes stays.
	machineRetry = policy.RetryOptions{
		MaxRetries: 2, RetryDelay: 300 * time.Millisecond, MaxRetryDelay: time.Second, TryTimeout: 4 * time.Second,
	}
)

// Credential makes the credential that signs i in at this place. It sends nothing:
// whether Entra accepts it shows with the first call. An error says what to do and
// holds nothing of the secret.
func (p Place) Credential(i Identity) (azcore.TokenCredential, error) {
	if !graph.IsGUID(i.TenantID) {
		return nil, errTenantID
	}
	if i.Proof.build == nil {
		return nil, errNoProof
	}
	login, microsoft, err := p.login()
	if err != nil {
		return nil, err
	}
	client, err := p.client()
	if err != nil {
		return nil, err
	}
	return i.Proof.build(i, setup{
		options: azcore.ClientOptions{
			Cloud: login, Transport: client, Retry: entraRetry, PerCallPolicies: []policy.Policy{graph.UserAgent{}},
		},
		own: !microsoft,
	})
}

// WorkloadIdentity proves with the service account token that Azure's webhook puts
// into the pod. Its file is read again as Kubernetes renews it.
func WorkloadIdentity() Proof {
	return Proof{"workload identity", func(i Identity, s setup) (azcore.TokenCredential, error) {
		if err := i.checkClient(); err != nil {
			return nil, err
		}
		file := os.Getenv("AZURE_FEDERATED_TOKEN_FILE")
		if file == "" {
			return nil, errNoToken
		}
		if token, err := os.ReadFile(file); err != nil || len(token) == 0 {
			return nil, errTokenFile
		}
		return made(azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: s.options, DisableInstanceDiscovery: s.own, TenantID: i.TenantID, ClientID: i.ClientID,
		}))
	}}
}

// ManagedIdentity proves with the identity that Azure gives the machine. It has no use
// for an authority: the machine knows where to ask.
func ManagedIdentity() Proof {
	return Proof{"managed identity", func(i Identity, s setup) (azcore.TokenCredential, error) {
		o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: s.options}
		o.Retry, o.Transport = machineRetry, machine()
		if i.ClientID != "" {
			if err := i.checkClient(); err != nil {
				return nil, err
			}
			o.ID = azidentity.ClientID(i.ClientID)
		}
		return made(azidentity.NewManagedIdentityCredential(o))
	}}
}

// Ambient proves with whatever azidentity finds on the machine of a person or a pipeline: its environment variables, a
// federated token, the sign-in of az. It is for programs that somebody starts, and not for the operator.
func Ambient() Proof {
	return Proof{"ambient credential", func(i Identity, s setup) (azcore.TokenCredential, error) {
		return made(azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
			ClientOptions: s.options, DisableInstanceDiscovery: s.own, TenantID: i.TenantID,
		}))
	}}
}

// ClientSecret proves with a secret. White space around it is ignored: a Kubernetes
// Secret made from a file ends in a newline. What no secret of Entra can be is refused,
// with how it came to be so.
func ClientSecret(secret string) Proof {
	secret = strings.TrimSpace(secret)
	return Proof{"client secret", func(i Identity, s setup) (azcore.TokenCredential, error) {
		if err := i.checkClient(); err != nil {
			return nil, err
		}
		if secret == "" {
			return nil, errNoSecret
		}
		if err := secretFault(secret); err != nil {
			return nil, fmt.Errorf("the client secret %w", err)
		}
		return made(azidentity.NewClientSecretCredential(i.TenantID, i.ClientID, secret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: s.options, DisableInstanceDiscovery: s.own,
		}))
	}}
}

// ClientCertificate proves with a certificate and its private key, in PEM or PKCS#12
// without a password.
func ClientCertificate(data []byte) Proof {
	return Proof{"client certificate", func(i Identity, s setup) (azcore.TokenCredential, error) {
		if err := i.checkClient(); err != nil {
			return nil, err
		}
		if len(data) == 0 {
			return nil, errNoCert
		}
		certificates, key, err := azidentity.ParseCertificates(data, nil)
		if err != nil { // it may quote what it read
			if fault := certificateFault(data); fault != nil {
				return nil, fmt.Errorf("the client certificate %w", fault)
			}
			return nil, errCert
		}
		c, err := azidentity.NewClientCertificateCredential(i.TenantID, i.ClientID, certificates, key, &azidentity.ClientCertificateCredentialOptions{
			ClientOptions: s.options, DisableInstanceDiscovery: s.own,
		})
		if err != nil {
			return nil, errCertKey
		}
		return c, nil
	}}
}

func (i Identity) checkClient() error {
	if !graph.IsGUID(i.ClientID) {
		return errClientID
	}
	return nil
}

// made drops azidentity's error: it is about settings that are checked before, and may
// quote them.
func made[T azcore.TokenCredential](c T, err error) (azcore.TokenCredential, error) {
	if err != nil {
		return nil, errCredential
	}
	return c, nil
}
