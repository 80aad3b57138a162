using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Deployment;

/// <summary>The compose files: what a container engine would refuse or misunderstand, without one.</summary>
public sealed class ComposeTests
{
    private static readonly JsonObject _compose = YamlFile.Read("docker-compose.yml").Single().AsObject();
    private static readonly JsonObject _services = _compose["services"]!.AsObject();
    private static readonly string[] _servers = ["loralab", "web", "worker"];

    [Fact]
    public void Services_WithoutAProfile_AreOneServerWithAVolume()
    {
        Assert.Equal(["loralab"], _services.Where(service => service.Value!["profiles"] is null).Select(service => service.Key));
        Assert.Equal(
            ["postgres", "web", "worker"],
            _services.Where(service => Texts(service.Value!["profiles"]).SequenceEqual(["cluster"])).Select(service => service.Key)
                .Order(StringComparer.Ordinal));
        // As many workers as wanted: what only one container can have is not theirs.
        Assert.Null(_services["worker"]!["ports"]);
        Assert.Null(_services["worker"]!["container_name"]);
        Assert.Null(Environment("worker").GetValueOrDefault("LoraLab__NodeName"));
    }

    [Fact]
    public void Environment_OfEveryServer_HasOptionsThatTheServerAccepts()
    {
        foreach (string name in _servers)
        {
            Dictionary<string, string?> environment = Environment(name);
            Assert.Equal("/data", environment["LoraLab__DataDirectory"]);
            Assert.NotNull(environment["LoraLab__ApiKeys__0__Sha256"]);
            ServerSettings.AssertValid(environment.ToDictionary(
                variable => variable.Key, variable => variable.Key.EndsWith("Sha256", StringComparison.Ordinal)
                    ? new string('0', 64) : variable.Value));
        }

        Assert.Equal(
            [null, "Web", "Worker"], _servers.Select(name => Environment(name).GetValueOrDefault("LoraLab__Role")));
        string connection = Environment("web")["ConnectionStrings__Postgres"]!;
        Assert.Equal(connection, Environment("worker")["ConnectionStrings__Postgres"]);
        Dictionary<string, string?> database = Environment("postgres");
        Assert.Equal(
            $"Host=postgres;Database={database["POSTGRES_DB"]};Username={database["POSTGRES_USER"]};"
                + $"Password={database["POSTGRES_PASSWORD"]}",
            connection);
        // A required variable of the cluster would be asked of those who start one container.
        Assert.DoesNotContain(":?", connection, StringComparison.Ordinal);
    }

    [Fact]
    public void Option_WithATypingError_IsFound()
    {
        Assert.True(ServerSettings.IsOption(["LoraLab", "Devices", "0"]));
        Assert.True(ServerSettings.IsOption(["LoraLab", "Cluster", "LeaseSeconds"]));
        Assert.False(ServerSettings.IsOption(["LoraLab", "Cluster", "LeaseSecond"]));
        Assert.False(ServerSettings.IsOption(["LoraLab", "Devices"]));
        Assert.False(ServerSettings.IsOption(["LoraLab", "Node"]));
        Assert.False(ServerSettings.IsOption(["ConnectionStrings", "Postgresql"]));
    }

    [Fact]
    public void Volumes_AreDeclaredAndShared()
    {
        IEnumerable<string> declared = _compose["volumes"]!.AsObject().Select(volume => volume.Key);
        foreach ((string name, JsonNode? service) in _services)
        {
            string[] volume = Assert.Single(Texts(service!["volumes"])).Split(':');
            Assert.Contains(volume[0], declared);
            Assert.Equal(name == "postgres" ? "postgres-data:/var/lib/postgresql/data" : "loralab-data:/data", string.Join(':', volume));
        }
    }

    [Fact]
    public void Containers_RunAsAnotherUserThanRoot()
    {
        string dockerfile = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "Dockerfile"));
        Assert.Contains("\nUSER $APP_UID\n", dockerfile, StringComparison.Ordinal);
        Assert.All(_services, service => Assert.DoesNotContain((string?)service.Value!["user"], (string?[])[null, "", "0", "0:0", "root"]));
        foreach (string name in _servers)
        {
            Assert.Equal(["ALL"], Texts(_services[name]!["cap_drop"]));
            Assert.Contains("no-new-privileges:true", Texts(_services[name]!["security_opt"]));
        }
    }

    [Fact]
    public void HealthChecks_AskTheServerWithAProgramOfTheImage()
    {
        string dockerfile = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "Dockerfile"));
        foreach (string name in _servers)
        {
            string[] test = Texts(_services[name]!["healthcheck"]!["test"]);
            Assert.Equal(("CMD", "curl"), (test[0], test[1]));
            Uri address = new(test[^1]);
            Assert.Equal("/health/ready", address.AbsolutePath);
            Assert.Contains($"http://0.0.0.0:{address.Port}", dockerfile, StringComparison.Ordinal);
            Assert.Contains($"EXPOSE {address.Port}", dockerfile, StringComparison.Ordinal);
        }

        Assert.Contains(" curl", dockerfile, StringComparison.Ordinal);
        Assert.All(
            (string[])["web", "worker"],
            name => Assert.Equal("service_healthy", (string?)_services[name]!["depends_on"]!["postgres"]!["condition"]));
        Assert.NotNull(_services["postgres"]!["healthcheck"]);
    }

    [Fact]
    public void Ports_AreOnTheLoopbackAddress()
    {
        string[] ports = [.. _services.SelectMany(service => Texts(service.Value!["ports"]))];

        Assert.Equal(["127.0.0.1:5080:5080", "127.0.0.1:5080:5080"], ports);
    }

    [Fact]
    public void Gpus_AreReservedForWhatTrains_OfTheSameServices()
    {
        JsonObject gpu = YamlFile.Read("docker-compose.gpu.yml").Single()["services"]!.AsObject();

        Assert.Equal(_servers, gpu.Select(service => service.Key));
        Assert.All(gpu, service => Assert.Equal("cuda", (string?)service.Value!["build"]!["args"]!["TORCH_BACKEND"]));
        Assert.Single(gpu.Select(service => (string?)service.Value!["image"]).Distinct());
        foreach (string name in (string[])["loralab", "worker"])
        {
            JsonNode device = Assert.Single(gpu[name]!["deploy"]!["resources"]!["reservations"]!["devices"]!.AsArray())!;
            Assert.Equal(("nvidia", "gpu"), ((string?)device["driver"], Assert.Single(Texts(device["capabilities"]))));
        }

        Assert.Null(gpu["web"]!["deploy"]);
    }

    private static Dictionary<string, string?> Environment(string service) => _services[service]!["environment"]!.AsObject()
        .ToDictionary(variable => variable.Key, variable => (string?)variable.Value);

    private static string[] Texts(JsonNode? list) => [.. list?.AsArray().Select(item => (string)item!) ?? []];
}
