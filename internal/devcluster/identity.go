package devcluster

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// User logs in as a user of that name and those groups, with the rights that RBAC gives them: at first none.
func (c *Cluster) User(name string, groups ...string) (*rest.Config, error) {
	limits := &rest.Config{QPS: c.env.Config.QPS, Burst: c.env.Config.Burst}
	user, err := c.env.AddUser(envtest.User{Name: name, Groups: groups}, limits)
	if err != nil {
		return nil, fmt.Errorf("add user %s: %w", name, err)
	}
	return user.Config(), nil
}

// ServiceAccount logs in as a ServiceAccount, which must exist, with a token that outlives any development cluster.
func (c *Cluster) ServiceAccount(ctx context.Context, namespace, name string) (*rest.Config, error) {
	admin, err := kubernetes.NewForConfig(c.env.Config)
	if err != nil {
		return nil, err
	}
	year := int64(365 * 24 * 60 * 60)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &year}}
	token, err := admin.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("request a token of ServiceAccount %s/%s: %w", namespace, name, err)
	}
	cfg := rest.AnonymousClientConfig(c.env.Config)
	cfg.BearerToken = token.Status.Token
	return cfg, nil
}

// Kubeconfig is the file that kubectl, or a program with KUBECONFIG set, logs in with as cfg does. The file holds
// the credentials themselves.
func Kubeconfig(cfg *rest.Config) ([]byte, error) {
	const name = "development"
	file := clientcmdapi.NewConfig()
	file.Clusters[name] = &clientcmdapi.Cluster{Server: cfg.Host, CertificateAuthorityData: cfg.CAData}
	file.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: cfg.CertData, ClientKeyData: cfg.KeyData, Token: cfg.BearerToken,
	}
	file.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	file.CurrentContext = name
	return clientcmd.Write(*file)
}
