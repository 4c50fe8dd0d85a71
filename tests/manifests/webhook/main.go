// Reads Kubernetes objects (YAML documents) from standard input and prints what the real API types and Knative's own
// admission code object to: one line `kind/name: problem`; nothing when all is well. Unknown kinds are an error.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	serving "knative.dev/serving/pkg/apis/serving/v1"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
	gatewaybeta "sigs.k8s.io/gateway-api/apis/v1beta1"
	"sigs.k8s.io/yaml"
)

var kinds = map[string]func() any{
	"serving.knative.dev/v1/Service":                   func() any { return &serving.Service{} },
	"gateway.networking.k8s.io/v1/HTTPRoute":           func() any { return &gateway.HTTPRoute{} },
	"gateway.networking.k8s.io/v1/Gateway":             func() any { return &gateway.Gateway{} },
	"gateway.networking.k8s.io/v1/GatewayClass":        func() any { return &gateway.GatewayClass{} },
	"gateway.networking.k8s.io/v1beta1/ReferenceGrant": func() any { return &gatewaybeta.ReferenceGrant{} },
	"monitoring.coreos.com/v1/PodMonitor":              func() any { return &monitoring.PodMonitor{} },
	"monitoring.coreos.com/v1/PrometheusRule":          func() any { return &monitoring.PrometheusRule{} },
}

func check(document []byte) error {
	var object metav1.PartialObjectMetadata
	if err := yaml.Unmarshal(document, &object); err != nil {
		return err
	}
	make, known := kinds[object.APIVersion+"/"+object.Kind]
	if !known {
		return fmt.Errorf("%s/%s: no schema for %s here", object.Kind, object.Name, object.APIVersion)
	}
	typed := make()
	if err := yaml.UnmarshalStrict(document, typed); err != nil {
		return fmt.Errorf("%s/%s: %w", object.Kind, object.Name, err)
	}
	if service, ok := typed.(*serving.Service); ok {
		service.SetDefaults(context.Background())
		if problem := service.Validate(context.Background()); problem != nil {
			return fmt.Errorf("%s/%s: %w", object.Kind, object.Name, problem)
		}
	}
	return nil
}

func main() {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	count := 0
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		count++
		if err := check(document); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Fprintf(os.Stderr, "%d objects checked\n", count)
}
