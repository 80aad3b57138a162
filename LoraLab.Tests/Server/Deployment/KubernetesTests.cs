using System.Text.Json.Nodes;
using Xunit;

namespace LoraLab.Tests.Server.Deployment;

/// <summary>The Kubernetes manifest: what the API server would refuse, and references that lead nowhere.</summary>
public sealed class KubernetesTests
{
    private static readonly IReadOnlyList<JsonNode> _objects = YamlFile.Read("deploy/kubernetes/loralab.yaml");

    private static readonly Dictionary<string, (string Version, string[] Required)> _kinds = new()
    {
        ["Secret"] = ("v1", ["stringData"]),
        ["PersistentVolumeClaim"] = ("v1", ["spec.accessModes", "spec.resources.requests.storage"]),
        ["Service"] = ("v1", ["spec.selector", "spec.ports"]),
        ["Deployment"] = ("apps/v1", ["spec.replicas", "spec.selector.matchLabels", "spec.template.metadata.labels", "spec.template.spec"]),
        ["StatefulSet"] = (
            "apps/v1",
            ["spec.replicas", "spec.serviceName", "spec.selector.matchLabels", "spec.template.metadata.labels", "spec.template.spec"]),
    };

    private static IEnumerable<JsonNode> Workloads => _objects.Where(item => Kind(item) is "Deployment" or "StatefulSet");

    [Fact]
    public void Objects_HaveWhatTheirKindDemands()
    {
        Assert.All(_objects, item =>
        {
            Assert.True(_kinds.TryGetValue(Kind(item), out (string Version, string[] Required) kind), Kind(item));
            Assert.Equal(kind.Version, (string?)item["apiVersion"]);
            Assert.Matches("^[a-z][a-z0-9-]{0,62}$", Name(item));
            Assert.All(kind.Required, path => Assert.True(At(item, path) is not null, $"{Kind(item)} {Name(item)} has no {path}."));
        });
        Assert.Equal(_objects.Count, _objects.Select(item => Kind(item) + Name(item)).Distinct().Count());
        Assert.Equal(["loralab-postgres", "loralab-web", "loralab-worker"], Workloads.Select(Name));
    }

    [Fact]
    public void Selectors_FindTheirPods()
    {
        Assert.All(Workloads, item => Assert.True(JsonNode.DeepEquals(At(item, "spec.selector.matchLabels"), Labels(item)), Name(item)));
        foreach (JsonNode service in Objects("Service"))
        {
            JsonNode workload = Assert.Single(Workloads, item => JsonNode.DeepEquals(service["spec"]!["selector"], Labels(item)));
            IEnumerable<string?> ports = Container(workload)["ports"]!.AsArray().Select(port => (string?)port!["name"]);
            Assert.All(service["spec"]!["ports"]!.AsArray(), port => Assert.Contains((string?)port!["targetPort"], ports));
        }

        Assert.All(Objects("StatefulSet"), item => Assert.Equal(
            "None", (string?)At(Object("Service", (string)item["spec"]!["serviceName"]!), "spec.clusterIP")));
    }

    [Fact]
    public void Mounts_AreVolumesAndClaimsThatExist()
    {
        foreach (JsonNode workload in Workloads)
        {
            JsonArray volumes = At(workload, "spec.template.spec.volumes")?.AsArray() ?? [];
            IEnumerable<string> claims = (At(workload, "spec.volumeClaimTemplates")?.AsArray() ?? []).Select(claim => Name(claim!));
            string[] names = [.. volumes.Select(volume => (string)volume!["name"]!), .. claims];
            string[] mounts = [.. Container(workload)["volumeMounts"]!.AsArray().Select(mount => (string)mount!["name"]!)];
            Assert.Equal(names.Order(), mounts.Order());
            Assert.All(volumes, volume => Object("PersistentVolumeClaim", (string)volume!["persistentVolumeClaim"]!["claimName"]!));
        }

        // Every node, on whatever machine, has the same run directories.
        Assert.Equal("ReadWriteMany", (string?)Object("PersistentVolumeClaim", "loralab-data")["spec"]!["accessModes"]![0]);
        Assert.All(Workloads.Skip(1), item => Assert.Equal(
            "loralab-data", (string?)At(item, "spec.template.spec.volumes")![0]!["persistentVolumeClaim"]!["claimName"]));
    }

    [Fact]
    public void Environment_HasOptionsThatTheServerAcceptsAndSecretsThatExist()
    {
        foreach (JsonNode workload in Workloads)
        {
            Dictionary<string, string?> values = [];
            foreach (JsonNode? variable in Container(workload)["env"]!.AsArray())
            {
                string name = (string)variable!["name"]!;
                Assert.True((variable["value"] is null) != (variable["valueFrom"] is null), name);
                string? value = (string?)variable["value"];
                if (variable["valueFrom"]?["secretKeyRef"] is { } secret)
                {
                    value = (string?)Object("Secret", (string)secret["name"]!)["stringData"]![(string)secret["key"]!];
                    Assert.NotNull(value);
                }

                if (variable["valueFrom"]?["fieldRef"] is not null)
                {
                    value = "loralab-worker-0";
                }

                // $(NAME) is replaced by a variable that comes before.
                foreach ((string known, string? text) in values)
                {
                    value = value?.Replace($"$({known})", text, StringComparison.Ordinal);
                }

                Assert.DoesNotContain("$(", value, StringComparison.Ordinal);
                values.Add(name, value);
            }

            ServerSettings.AssertValid(values);
            if (Name(workload) != "loralab-postgres")
            {
                Assert.Equal("/data", values["LoraLab__DataDirectory"]);
                Assert.Equal("/data", (string?)Container(workload)["volumeMounts"]![0]!["mountPath"]);
                Assert.Contains("Host=loralab-postgres;", values["ConnectionStrings__Postgres"], StringComparison.Ordinal);
                Object("Service", "loralab-postgres");
            }
        }

        Assert.Equal(["Web", "Worker"], Workloads.Skip(1).Select(item =>
            (string?)Container(item)["env"]!.AsArray().Single(variable => (string?)variable!["name"] == "LoraLab__Role")!["value"]));
    }

    [Fact]
    public void Pods_RunWithoutPrivileges()
    {
        Assert.All(Workloads, item =>
        {
            JsonNode pod = At(item, "spec.template.spec.securityContext")!;
            Assert.Equal("true", (string?)pod["runAsNonRoot"]);
            Assert.NotEqual("0", (string?)pod["runAsUser"]);
            Assert.Equal((string?)pod["runAsGroup"], (string?)pod["fsGroup"]);
            JsonNode container = Container(item)["securityContext"]!;
            Assert.Equal("false", (string?)container["allowPrivilegeEscalation"]);
            Assert.Equal("ALL", (string?)container["capabilities"]!["drop"]![0]);
        });
    }

    [Fact]
    public void Probes_AskTheServersHealth_AndWorkersHaveAGpu()
    {
        JsonNode[] servers = [.. Workloads.Skip(1)];
        foreach (JsonNode container in servers.Select(Container))
        {
            Assert.Equal(
                ["/health/live", "/health/live", "/health/ready"],
                ((string[])["startupProbe", "livenessProbe", "readinessProbe"]).Select(probe =>
                    (string?)container[probe]!["httpGet"]!["path"]));
            Assert.Equal("5080", (string?)container["ports"]![0]!["containerPort"]);
            Assert.NotNull(container["resources"]!["limits"]!["memory"]);
        }

        Assert.Single(servers.Select(item => (string?)Container(item)["image"]).Distinct());
        Assert.Equal(
            [null, "1"], servers.Select(item => (string?)Container(item)["resources"]!["limits"]!["nvidia.com/gpu"]));
    }

    private static string Kind(JsonNode item) => (string)item["kind"]!;

    private static string Name(JsonNode item) => (string)item["metadata"]!["name"]!;

    private static JsonNode? At(JsonNode item, string path) =>
        path.Split('.').Aggregate((JsonNode?)item, (node, member) => node?[member]);

    private static JsonNode? Labels(JsonNode workload) => At(workload, "spec.template.metadata.labels");

    private static JsonNode Container(JsonNode workload) => Assert.Single(At(workload, "spec.template.spec.containers")!.AsArray())!;

    private static IEnumerable<JsonNode> Objects(string kind) => _objects.Where(item => Kind(item) == kind);

    private static JsonNode Object(string kind, string name) => Assert.Single(Objects(kind), item => Name(item) == name);
}
