# Images and rollouts; included by the Makefile. What each command does: python -m knative.rollout --help.
OVERLAY ?= kube-dc
CONTEXT ?=
ENGINE ?= $(firstword $(foreach engine,podman buildah docker,$(if $(shell command -v $(engine)),$(engine))))
IMAGE_PREFIX ?= kube-dc-billing
VERSION ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
COMPONENTS := $(basename $(notdir $(filter-out %/kustomization.yaml,$(wildcard knative/functions/*.yaml))))
ROLLOUT = @$(BIN)/python -m knative.rollout
ROLLOUT_FLAGS = --function "$(FUNCTION)" --overlay "$(OVERLAY)" $(if $(CONTEXT),--context "$(CONTEXT)")

##@ Operate (FUNCTION=health|overview|projects, OVERLAY=kube-dc|local, CONTEXT=)
.PHONY: images
images: ## build an image per function and of the billing service: make images BASE=docker.io/library/python@sha256:... IMAGE_PREFIX=...
	@[ -n "$(ENGINE)" ] || { echo "no podman, buildah or docker on PATH: install one, or name it with ENGINE=" >&2; exit 1; }
	@grep -Eq '^[^ ]+@sha256:[0-9a-f]{64}$$' <<<"$(BASE)" || { echo "BASE is '$(BASE)': it must name an official slim \
	Python image by digest, docker.io/library/python@sha256:... (skopeo inspect docker://docker.io/library/python:3.11-slim)" >&2; exit 1; }
	@set -e; for component in $(COMPONENTS) billing-service; do \
		case $$component in billing-service) target=billing-service name=billing-service;; *) target=function name=billing-$$component;; esac; \
		case "$(notdir $(ENGINE))" in docker) build="buildx build --provenance=false --output type=docker,rewrite-timestamp=true";; \
			podman) build="build --timestamp 0";; buildah) build="bud --timestamp 0";; \
			*) echo "ENGINE is '$(ENGINE)': it must be podman, buildah or docker" >&2; exit 1;; esac; \
		echo "building $(IMAGE_PREFIX)/$$name:$(VERSION)"; \
		SOURCE_DATE_EPOCH=0 $(ENGINE) $$build -f Containerfile --target $$target --build-arg BASE="$(BASE)" --build-arg COMPONENT=$$component \
			--build-arg VERSION="$(VERSION)" --build-arg REVISION="$$(git rev-parse HEAD)" -t "$(IMAGE_PREFIX)/$$name:$(VERSION)" . ; \
	done

.PHONY: deploy
deploy: $(INSTALLED) ## a new revision as candidate without traffic: make deploy FUNCTION=overview IMAGE=...@sha256:...
	$(ROLLOUT) deploy $(ROLLOUT_FLAGS) --image "$(IMAGE)"

.PHONY: canary
canary: $(INSTALLED) ## give the candidate a share of the requests: make canary FUNCTION=overview PERCENT=10
	$(ROLLOUT) canary $(ROLLOUT_FLAGS) --percent "$(PERCENT)"

.PHONY: promote
promote: $(INSTALLED) ## the candidate serves alone: make promote FUNCTION=overview
	$(ROLLOUT) promote $(ROLLOUT_FLAGS)

.PHONY: rollback
rollback: $(INSTALLED) ## back to what served before: make rollback FUNCTION=overview
	$(ROLLOUT) rollback $(ROLLOUT_FLAGS)

.PHONY: status
status: $(INSTALLED) ## revisions, traffic, readiness, pods: make status FUNCTION=overview
	$(ROLLOUT) status $(ROLLOUT_FLAGS)

.PHONY: rollout
rollout: export TOKEN := $(TOKEN)
rollout: $(INSTALLED) ## deploy, probe, 5-25-50-100 % with a gate: IMAGE= TOKEN= NAMESPACE= FOREIGN_NAMESPACE= PROM_URL=
	$(ROLLOUT) rollout $(ROLLOUT_FLAGS) --image "$(IMAGE)" --namespace "$(NAMESPACE)" \
		--foreign-namespace "$(FOREIGN_NAMESPACE)" --prom-url "$(PROM_URL)"

.PHONY: test-cluster
test-cluster: $(INSTALLED) ## everything on a real cluster, in namespaces of its own: make test-cluster CONTEXT= ... (docs/operations.md)
	@CONTEXT="$(CONTEXT)" $(BIN)/python -m tests.cluster
