using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Security;

/// <summary>A server that other machines could reach does not start without a key; <c>keys new</c> creates one.</summary>
public sealed class OpenStartTests
{
    private const string Here = "http://127.0.0.1:0";
    private const string Elsewhere = "http://0.0.0.0:0";

    /// <summary>Once as a process: the other tests check the same messages in process.</summary>
    [Fact]
    public async Task Start_OnEveryAddressWithoutAKey_EndsTheProcessWithTheWayOut()
    {
        (int exitCode, string output) = await ServerProcess.RunToEndAsync(ScriptedServer.Setup with { Url = Elsewhere });

        AssertRefused(exitCode, output, "keys new --name");
    }

    [Theory]
    [InlineData("http://[::]:0")]
    [InlineData("http://*:0")]
    [InlineData("http://some-name:0")]
    [InlineData("http://127.0.0.1:0;http://0.0.0.0:0")]
    public async Task Start_OnAnotherAddressWithoutAKey_IsRefusedWithTheWayOut(string url)
    {
        (int exitCode, string output) = await StartAsync("--urls", url);

        AssertRefused(exitCode, output, "keys new --name");
    }

    [Fact]
    public async Task Start_OnAnotherAddressFromTheKestrelSection_IsRefusedToo()
    {
        (int exitCode, string output) = await StartAsync("--urls", Here, "--Kestrel:Endpoints:Lan:Url", Elsewhere);

        AssertRefused(exitCode, output, "keys new --name");
    }

    [Fact]
    public async Task Start_ForAnyHostWithoutAKey_IsRefused()
    {
        (int exitCode, string output) = await StartAsync("--urls", Here, "--AllowedHosts", "*");

        AssertRefused(exitCode, output, "AllowedHosts");
    }

    [Fact]
    public async Task Start_WithBadKeys_ListsEveryError()
    {
        (int exitCode, string output) = await StartAsync(
            "--urls", Here, "--LoraLab:ApiKeys:0:Name", "a", "--LoraLab:ApiKeys:0:Scopes", "everything", "--LoraLab:ApiKeys:0:Sha256",
            "loralab_a-key-and-no-hash", "--LoraLab:ApiKeys:1:Name", "a");

        AssertRefused(
            exitCode, output, "LoraLab:ApiKeys:0:Scopes", "LoraLab:ApiKeys:0:Sha256", "LoraLab:ApiKeys:1:Scopes", "LoraLab:ApiKeys:1:Name");
    }

    [Fact]
    public async Task KeysNew_BesideARunningServer_PrintsAKeyThatFitsItsLine()
    {
        // The data directory is invalid: opening it would fail.
        using TemporaryFolder folder = new();
        (int exitCode, string output) = await ServerProcess.RunToEndAsync(ScriptedServer.Setup with
        {
            DataDirectory = folder.Write("not-a-folder", ""),
            Verb = ["keys", "new", "--name", "ci", "--scopes", "submit,read"],
        });

        Assert.Equal(0, exitCode);
        string[] lines = output.Split(Environment.NewLine);
        string secret = Assert.Single(lines, line => line.StartsWith(KeySecret.Prefix, StringComparison.Ordinal));
        JsonNode line = JsonNode.Parse(Assert.Single(lines, line => line.StartsWith('{')))!;
        Assert.Equal(["name", "scopes", "sha256"], line.AsObject().Select(member => member.Key));
        Assert.Equal("ci", (string?)line["name"]);
        Assert.Equal(["submit", "read"], line["scopes"]!.AsArray().Select(scope => (string?)scope));
        Assert.Equal(Convert.ToHexStringLower(KeySecret.HashOf(secret)), (string?)line["sha256"]);
    }

    [Theory]
    [InlineData("keys")]
    [InlineData("keys", "new")]
    [InlineData("keys", "new", "--name", "x")]
    [InlineData("keys", "new", "--name", "x", "--scopes", "everything")]
    [InlineData("keys", "new", "--name", "x", "--scopes")]
    public async Task KeysNew_Misunderstood_SaysHow(params string[] arguments)
    {
        (int exitCode, string output) = await ServerInProcess.RunToEndAsync(arguments);

        Assert.Equal(2, exitCode);
        Assert.Contains("submit", output, StringComparison.Ordinal);
        Assert.DoesNotContain(KeySecret.Prefix, output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> StartAsync(params string[] arguments)
    {
        using TemporaryFolder data = new();
        return await ServerInProcess.RunToEndAsync(
            [.. arguments, "--LoraLab:DataDirectory", data.Path, "--LoraLab:WorkerPath", BuiltPrograms.ScriptedWorker]);
    }

    private static void AssertRefused(int exitCode, string output, params string[] words)
    {
        Assert.Equal(1, exitCode);
        Assert.All(words, word => Assert.Contains(word, output, StringComparison.Ordinal));
        Assert.DoesNotContain("LoraLab dashboard:", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }
}
