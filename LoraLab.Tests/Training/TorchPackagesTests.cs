using System.Diagnostics;
using System.Text.Json;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training;

/// <summary>
/// The native packages that the build selects. The CUDA packages are several gigabytes and not in every registry, so the project
/// is evaluated, not restored.
/// </summary>
public sealed class TorchPackagesTests
{
    [Theory]
    [InlineData("cpu", "linux", "libtorch-cpu-linux-x64")]
    [InlineData("cpu", "windows", "libtorch-cpu-win-x64")]
    [InlineData("cuda", "linux", "TorchSharp-cuda-linux")]
    [InlineData("cuda", "windows", "TorchSharp-cuda-windows")]
    public void TorchBackend_OnASystem_SelectsOneNativePackage(string backend, string system, string expected)
    {
        string[] native = [.. PackageReferences($"-p:TorchBackend={backend}", $"-p:TorchSystem={system}")
            .Where(name =>
                name.StartsWith("libtorch-", StringComparison.Ordinal) || name.StartsWith("TorchSharp-", StringComparison.Ordinal))];

        Assert.Equal([expected], native);
    }

    [Fact]
    public void TorchBackend_None_SelectsNoNativePackage() =>
        Assert.DoesNotContain(
            PackageReferences("-p:TorchBackend=none"),
            name => name.StartsWith("libtorch-", StringComparison.Ordinal) || name.StartsWith("TorchSharp-", StringComparison.Ordinal));

    [Fact]
    public void TorchBackend_NotGiven_IsCpu()
    {
        Assert.Contains(PackageReferences(), name => name.StartsWith("libtorch-cpu-", StringComparison.Ordinal));
    }

    private static string[] PackageReferences(params string[] properties)
    {
        string project = Path.Combine(Fixtures.RepositoryRoot, "LoraLab.Training", "LoraLab.Training.csproj");
        ProcessStartInfo start = new("dotnet", ["msbuild", project, "-getItem:PackageReference", "-nodeReuse:false", .. properties])
        {
            RedirectStandardOutput = true,
        };
        // The MSBuild variables of the test host would point the child process to another SDK.
        start.Environment.Remove("MSBuildSDKsPath");
        start.Environment.Remove("MSBUILD_EXE_PATH");
        using Process process = Process.Start(start)!;
        using JsonDocument items = JsonDocument.Parse(process.StandardOutput.ReadToEnd());
        return [.. items.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!)];
    }
}
