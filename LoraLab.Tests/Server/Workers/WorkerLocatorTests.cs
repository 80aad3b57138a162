using System.Diagnostics;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Workers;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xunit;

namespace LoraLab.Tests.Server.Workers;

/// <summary>What the server hands to every trainer that it starts.</summary>
public sealed class WorkerLocatorTests
{
    private static string Home => Path.GetFullPath(Path.Combine(Path.GetTempPath(), "loralab-home"));

    [Fact]
    public void Command_ConfiguredLibtorch_IsHandedOverAsAnAbsoluteFolder() =>
        Assert.Equal(Path.Combine(Home, "torch", "lib"), Libtorch("torch/lib"));

    [Theory]
    [InlineData("auto", "auto")]
    [InlineData(null, null)]
    [InlineData(" ", null)]
    public void Command_OtherSettings_AreHandedOverAsTheyAre(string? configured, string? expected) =>
        Assert.Equal(expected, Libtorch(configured));

    private static string? Libtorch(string? configured)
    {
        IOptions<LoraLabOptions> options = Options.Create(new LoraLabOptions { Libtorch = configured });
        ProcessStartInfo start = new WorkerLocator(new LoraLabPaths(new HomeFolder(), options), options).Command("doctor");
        return start.Environment.TryGetValue("LoraLab__Libtorch", out string? handed) ? handed : null;
    }

    private sealed class HomeFolder : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = "Production";

        public string ApplicationName { get; set; } = "LoraLab";

        public string ContentRootPath { get; set; } = Home;

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
