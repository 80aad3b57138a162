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

    [Theory]
    [InlineData("windows", "TorchSharp-cuda-windows")]
    [InlineData("linux", "TorchSharp-cuda-linux")]
    public void TorchBackend_CudaBeforeItsRestore_SaysWhatToDoWithoutThePackages(string system, string package)
    {
        using TemporaryFolder noPackages = new();

        (int code, string output) = Check("-p:TorchBackend=cuda", $"-p:TorchSystem={system}", $"-p:NuGetPackageRoot={noPackages.Path}/");

        Assert.Equal(0, code);
        Assert.Contains($"TorchBackend=cuda restores {package} 0.107.0 with libtorch-cuda-12.8 2.10.0", output, StringComparison.Ordinal);
        Assert.Contains("-p:TorchBackend=none", output, StringComparison.Ordinal);
        Assert.Contains("LORALAB_LIBTORCH", output, StringComparison.Ordinal);
    }

    [Fact]
    public void TorchBackend_CudaWithItsPackages_SaysNothing()
    {
        using TemporaryFolder packages = new();
        _ = Directory.CreateDirectory(Path.Combine(packages.Path, "torchsharp-cuda-linux"));

        (int code, string output) = Check("-p:TorchBackend=cuda", "-p:TorchSystem=linux", $"-p:NuGetPackageRoot={packages.Path}/");

        Assert.Equal(0, code);
        Assert.DoesNotContain("restores", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rocm", "linux", "TorchBackend is 'rocm'; it must be 'cpu', 'cuda' or 'none'.")]
    [InlineData("cuda", "macos", "TorchBackend=cuda needs Windows or Linux; on macOS use the default, cpu.")]
    public void TorchBackend_ThatCannotBe_IsAnError(string backend, string system, string message)
    {
        (int code, string output) = Check($"-p:TorchBackend={backend}", $"-p:TorchSystem={system}");

        Assert.NotEqual(0, code);
        Assert.Contains(message, output, StringComparison.Ordinal);
    }

    private static string[] PackageReferences(params string[] properties)
    {
        (_, string output) = Msbuild(["-getItem:PackageReference", .. properties]);
        using JsonDocument items = JsonDocument.Parse(output);
        return [.. items.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!)];
    }

    private static (int Code, string Output) Check(params string[] properties) =>
        Msbuild(["-t:CheckTorchBackend", "-nologo", "-v:minimal", .. properties]);

    private static (int Code, string Output) Msbuild(string[] arguments)
    {
        string project = Path.Combine(Fixtures.RepositoryRoot, "LoraLab.Training", "LoraLab.Training.csproj");
        ProcessStartInfo start = new("dotnet", ["msbuild", project, "-nodeReuse:false", .. arguments]) { RedirectStandardOutput = true };
        // The MSBuild variables of the test host would point the child process to another SDK.
        start.Environment.Remove("MSBuildSDKsPath");
        start.Environment.Remove("MSBUILD_EXE_PATH");
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
