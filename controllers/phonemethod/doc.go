// Package phonemethod reconciles PhoneAuthenticationMethods, one user of Entra at a time.
//
// A reconcile is a line of stages over values:
//
//	key -> gather -> authorize -> resolve -> [ observe -> settle -> plan -> execute ]* -> publish -> requeue
//
// What is judged is judged by pure functions, here (authorize.go, settle.go, statement.go,
// requeue.go) and in the packages plan, journal, access and conditions. What remains reads
// and writes: the cluster through a controller-runtime client, Graph through internal/graph.
package phonemethod
