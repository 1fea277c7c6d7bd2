#!/usr/bin/env python3
"""Goal: what deploy/ holds is what its pages say, and fits together.
Method: render the manifests with kubectl and the chart with a renderer of its own small language, compare, and check what must hold of the objects;
check rules with promtool and that every metric and label they name exists."""
import importlib.machinery
import importlib.util
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"


def load(path):
    loader = importlib.machinery.SourceFileLoader("loaded_" + path.name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def objects(text):
    found = {}
    for item in yaml.safe_load_all(text):
        if item:
            found[item["kind"], item["metadata"]["name"]] = item
    return found


def base():
    listed = yaml.safe_load((DEPLOY / "kubernetes/base/kustomization.yaml").read_text())["resources"]
    return objects("\n---\n".join((DEPLOY / "kubernetes/base" / name).read_text() for name in listed))


def has_kustomize():
    """kubectl before 1.21 (Debian 12 has 1.20) holds a kustomize that does not know bases among resources."""
    if not shutil.which("kubectl"):
        return False
    told = subprocess.run(["kubectl", "version", "--client", "-o", "json"], check=False, capture_output=True, text=True).stdout
    found = re.search(r'"gitVersion": *"v1\.(\d+)', told)
    return bool(found) and int(found[1]) >= 21


def kustomize(folder):
    return objects(subprocess.run(["kubectl", "kustomize", str(DEPLOY / "kubernetes" / folder)], check=True, capture_output=True, text=True).stdout)


def render(values, namespace="switchyard"):
    """All of the chart's language: `{{ .Values.GROUP.NAME }}` and `{{ .Release.Namespace }}`. Anything else is an error."""
    texts = []
    for path in sorted((DEPLOY / "helm/switchyard/templates").glob("*.yaml")):
        def value(match):
            words = match[1].split(".")
            if words[1:] == ["Release", "Namespace"]:
                return namespace
            if words[1] != "Values" or len(words) != 4:
                raise ValueError(f"{path.name}: {match[0]}")
            found = values[words[2]][words[3]]
            return str(found).lower() if isinstance(found, bool) else str(found)
        text = re.sub(r"\{\{ ([\w.]+) \}\}", value, path.read_text())
        if "{{" in text:
            raise ValueError(f"{path.name}: more than the chart's language")
        texts.append(text)
    return objects("\n---\n".join(texts))


def pods(found):
    return {name: item["spec"]["template"]["spec"] for (kind, name), item in found.items() if kind in ("DaemonSet", "StatefulSet")}


def flag(spec, name):
    return next(a.split("=", 1)[1] for a in spec["containers"][0]["args"] if a.startswith(name + "="))


def seconds(text):
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


class Manifests(unittest.TestCase):
    def test_every_container_is_locked_down(self):
        for name, spec in pods(base()).items():
            for container in spec["containers"]:
                security = container["securityContext"]
                self.assertTrue(security["readOnlyRootFilesystem"], name)
                self.assertFalse(security["allowPrivilegeEscalation"], name)
                self.assertEqual(security["capabilities"]["drop"], ["ALL"], name)
                self.assertIn("limits", container["resources"], name)
                for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                    self.assertIn(probe, container, name)
            self.assertFalse(spec["automountServiceAccountToken"], name)
            self.assertEqual(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", name)

    def test_an_agent_is_never_missing_while_it_is_upgraded(self):
        found = base()
        agent = found["DaemonSet", "switchyard-agent"]["spec"]
        self.assertEqual(agent["updateStrategy"]["rollingUpdate"], {"maxSurge": 1, "maxUnavailable": 0})
        spec = agent["template"]["spec"]
        self.assertTrue(spec["hostNetwork"])
        self.assertNotIn("ports", spec["containers"][0], "with hostNetwork a declared port is a host port: no second pod would be placed")
        self.assertIn("--take-over", spec["containers"][0]["args"])
        self.assertTrue(any(v.get("hostPath") for v in spec["volumes"]), "both pods must see the hand-over socket")
        # Ready is what this pod says of itself; the admin port may still be answered by the one before.
        self.assertIn("exec", spec["containers"][0]["readinessProbe"])
        ready = flag(spec, "--ready-file")
        self.assertIn(ready, spec["containers"][0]["readinessProbe"]["exec"]["command"])
        mounts = {m["mountPath"]: m["name"] for m in spec["containers"][0]["volumeMounts"]}
        volume = next(v for v in spec["volumes"] if v["name"] == mounts[str(pathlib.Path(ready).parent)])
        self.assertIn("emptyDir", volume, "the ready file must not be shared between pods")

    def test_a_pod_is_given_longer_than_its_drain(self):
        rendered = [base()] + ([kustomize(f) for f in ("base", "overlays/monitoring", "overlays/single-node", "overlays/endpoints")] if has_kustomize() else [])
        for found in rendered:
            spec = pods(found)["switchyard-agent"]
            self.assertGreater(spec["terminationGracePeriodSeconds"], seconds(flag(spec, "--drain-timeout")) + 5)

    def test_selectors_meet_their_pods(self):
        found = base()
        for (kind, name), item in found.items():
            if kind in ("DaemonSet", "StatefulSet"):
                self.assertEqual(item["spec"]["selector"]["matchLabels"], item["spec"]["template"]["metadata"]["labels"])
                self.assertIn(("ServiceAccount", item["spec"]["template"]["spec"]["serviceAccountName"]), found)
        service = found["Service", "switchyard-controller"]["spec"]
        ports = {p["name"] for p in pods(found)["switchyard-controller"]["containers"][0]["ports"]}
        self.assertEqual({p["targetPort"] for p in service["ports"]}, ports)
        self.assertEqual(service["selector"], found["NetworkPolicy", "switchyard-controller"]["spec"]["podSelector"]["matchLabels"])

    @unittest.skipUnless(has_kustomize(), "no kubectl of 1.21 or later")
    def test_kustomize_renders_the_base_and_every_overlay(self):
        self.assertEqual(set(kustomize("base")), set(base()))
        monitored = kustomize("overlays/monitoring")
        self.assertIn(("PodMonitor", "switchyard-agent"), monitored)
        self.assertEqual(flag(pods(monitored)["switchyard-agent"], "--admin-listen"), "$(HOST_IP):7401")
        self.assertNotIn("host", pods(monitored)["switchyard-agent"]["containers"][0]["livenessProbe"]["httpGet"])
        self.assertEqual(set(kustomize("overlays/single-node")), set(base()))
        watching = kustomize("overlays/endpoints")
        self.assertTrue(pods(watching)["switchyard-controller"]["automountServiceAccountToken"])
        self.assertEqual(flag(pods(watching)["switchyard-controller"], "--kubernetes"), "true")

    def test_the_controller_may_read_endpointslices_and_nothing_else(self):
        found = base()
        self.assertEqual(found["ClusterRole", "switchyard-endpoints"]["rules"],
                         [{"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]}])
        binding = found["ClusterRoleBinding", "switchyard-endpoints"]
        self.assertEqual([(s["kind"], s["name"]) for s in binding["subjects"]], [("ServiceAccount", "switchyard-controller")])
        self.assertEqual(binding["roleRef"]["name"], "switchyard-endpoints")
        # The overlay's flags are those of the base but for this one, so that nobody changes one of the two.
        patch = objects((DEPLOY / "kubernetes/overlays/endpoints/watch.yaml").read_text())["StatefulSet", "switchyard-controller"]
        flags = patch["spec"]["template"]["spec"]["containers"][0]["args"]
        self.assertEqual([f.replace("--kubernetes=true", "--kubernetes=false") for f in flags], pods(found)["switchyard-controller"]["containers"][0]["args"])


class Chart(unittest.TestCase):
    def test_is_made_from_the_base(self):
        subprocess.run([DEPLOY / "helm/generate", "--check"], check=True)

    def test_renders_to_the_same_objects_as_the_base(self):
        values = yaml.safe_load((DEPLOY / "helm/switchyard/values.yaml").read_text())
        expected = {key: item for key, item in base().items() if key[0] != "Namespace"}
        self.assertEqual(render(values), expected)

    def test_values_reach_the_objects(self):
        values = yaml.safe_load((DEPLOY / "helm/switchyard/values.yaml").read_text())
        values["agent"]["drainTimeout"] = "90s"
        values["controller"]["image"] = "mirror/yard-controller:9"
        found = render(values, "proxies")
        self.assertEqual(flag(pods(found)["switchyard-agent"], "--drain-timeout"), "90s")
        self.assertEqual(pods(found)["switchyard-controller"]["containers"][0]["image"], "mirror/yard-controller:9")
        self.assertEqual({item["metadata"]["namespace"] for (kind, _), item in found.items() if not kind.startswith("Cluster")}, {"proxies"})
        self.assertEqual(found["ClusterRoleBinding", "switchyard-endpoints"]["subjects"][0]["namespace"], "proxies")
        values["controller"]["kubernetes"] = "true"
        watching = pods(render(values))["switchyard-controller"]
        self.assertTrue(watching["automountServiceAccountToken"])
        self.assertEqual(flag(watching, "--kubernetes"), "true")


class Units(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_exposure_is_what_the_readme_says(self):
        readme = (DEPLOY / "README.md").read_text()
        for unit in ("yard-agent", "yard-controller"):
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", str(DEPLOY / f"systemd/{unit}.service")], capture_output=True, text=True)
            score = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
            self.assertIsNotNone(score, done.stdout + done.stderr)
            self.assertLessEqual(float(score[1]), 2.0)
            self.assertIn(f"| `{unit}.service` | {score[1]} |", readme)

    def test_an_upgrade_is_a_reload(self):
        unit = (DEPLOY / "systemd/yard-agent.service").read_text()
        self.assertIn("ExecReload=/bin/kill -USR2 $MAINPID", unit)
        self.assertIn("NotifyAccess=all", unit)


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.metrics = {m["name"]: m for m in load(ROOT / "tools/docs/reference").definitions()}
        cls.rules = yaml.safe_load((DEPLOY / "prometheus/switchyard.rules.yaml").read_text())

    def expressions(self):
        for group in self.rules["groups"]:
            for rule in group["rules"]:
                yield rule.get("alert", rule.get("record")), rule["expr"]
        for path in (DEPLOY / "grafana").glob("*.json"):
            for panel in json.loads(path.read_text())["panels"]:
                for target in panel.get("targets", []):
                    yield f"{path.name}: {panel['title']}", target["expr"]

    def test_every_metric_and_label_exists(self):
        for where, expression in self.expressions():
            for name, selector in re.findall(r"\b(switchyard_[a-z0-9_]+)(?:\{([^}]*)\})?", expression):
                plain = re.sub(r"_(bucket|sum|count)$", "", name) if re.sub(r"_(bucket|sum|count)$", "", name) in self.metrics else name
                self.assertIn(plain, self.metrics, where)
                for label in re.findall(r"(\w+)\s*[!=]=?~?\s*\"", selector or ""):
                    self.assertIn(label, self.metrics[plain]["labels"] + ["job", "instance"], f"{where}: {name}")

    def test_every_alert_has_its_page_and_every_page_its_alert(self):
        named = set()
        for group in self.rules["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    page = ROOT / rule["annotations"]["runbook"]
                    self.assertTrue(page.exists(), page)
                    named.add(page.name)
        self.assertEqual(named, {p.name for p in (ROOT / "docs/runbooks").glob("*.md")})

    def test_every_alert_is_tested(self):
        tests = "".join(p.read_text() for p in (DEPLOY / "prometheus/tests").glob("*.yaml"))
        for group in self.rules["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    self.assertIn(f"alertname: {rule['alert']}\n", tests)

    def test_promtool_accepts_the_rules_and_their_tests(self):
        self.assertIsNotNone(shutil.which("promtool"), "tools/install-deps test")
        prometheus = DEPLOY / "prometheus"
        for command in (["check", "rules", "switchyard.rules.yaml"], ["check", "config", "--syntax-only", "prometheus.yaml"]):
            subprocess.run(["promtool", *command], cwd=prometheus, check=True, capture_output=True)
        for path in sorted((prometheus / "tests").glob("*.yaml")):
            done = subprocess.run(["promtool", "test", "rules", str(path)], cwd=prometheus / "tests", capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_dashboards_are_made_by_their_generator(self):
        subprocess.run([DEPLOY / "grafana/generate", "--check"], check=True)


class Images(unittest.TestCase):
    def test_every_stage_ends_without_root_and_without_a_compiler(self):
        text = (DEPLOY / "docker/Dockerfile").read_text()
        for stage in re.split(r"(?m)^FROM ", text)[2:]:
            self.assertRegex(stage, r"(?m)^USER 10001:10001$")
            self.assertNotRegex(stage, r"build-essential|cmake|install-deps")

    def test_runtime_packages_names_the_packages_of_a_program(self):
        done = subprocess.run([DEPLOY / "docker/runtime-packages", "/bin/sh"], check=True, capture_output=True, text=True)
        self.assertIn("libc6", done.stdout.split())


if __name__ == "__main__":
    unittest.main(verbosity=2)
