using LoraLab.Contracts.Runs;
using LoraLab.Training.Cli;
using LoraLab.Training.Torch;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Torch;

/// <summary>Messages about unavailable devices; none of it needs a GPU.</summary>
public sealed class CudaChoiceTests
{
    [Theory]
    [InlineData("cuda")]
    [InlineData("cuda:1")]
    public void Problem_BuildWithoutCuda_NamesTheBuildProperty(string device) =>
        Assert.Contains("-p:TorchBackend=cuda", DeviceChoice.Problem(device, "cpu", () => null), StringComparison.Ordinal);

    [Fact]
    public void Problem_DriverThatCudaCannotUse_NamesInstalledAndRequiredVersion()
    {
        string? problem = DeviceChoice.Problem("cuda:0", "cuda", () => "470.256.02");

        Assert.Contains("470.256.02", problem, StringComparison.Ordinal);
        Assert.Contains(OperatingSystem.IsWindows() ? "570.65" : "570.26", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Problem_DriverKnownByItsCudaVersionOnly_NamesIt() => Assert.Contains(
        "supports CUDA 11.4",
        DeviceChoice.Problem("cuda:0", "cuda", () => null, () => new Version(11, 4)),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("525.60.13", true)]
    [InlineData("570.133.20", false)]
    [InlineData("580.65.06", false)]
    [InlineData("unreadable", false)]
    [InlineData(null, false)]
    public void Problem_DriverThatMayWork_IsNone(string? driver, bool hasAdvice)
    {
        Assert.Null(DeviceChoice.Problem("cuda:0", "cuda", () => driver));
        Assert.Equal(hasAdvice, CudaDriver.Advice(driver) is not null);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("cpu")]
    public void Problem_DeviceThatAlwaysExists_IsNoneWithoutQueryingTheDriver(string device) =>
        Assert.Null(DeviceChoice.Problem(device, "cuda", () => throw new InvalidOperationException("queried")));

    [Theory]
    [InlineData("cpu", false, false)]
    [InlineData("cuda", true, false)]
    [InlineData("cuda", false, true)]
    public void MissingGpu_BuildWithCudaThatFindsNone_SaysSo(string backend, bool hasCuda, bool missing) => Assert.Equal(
        missing,
        DeviceChoice.MissingGpu(backend, () => hasCuda, () => null)?.Contains("device auto is the CPU", StringComparison.Ordinal) == true);

    [Fact]
    public void MissingGpu_DriverTooOld_NamesIt()
    {
        Version? supported = new FakeCuda { Version = 11040 }.Open()!.Version;

        Assert.Contains("supports CUDA 11.4", CudaDriver.CudaProblem(supported), StringComparison.Ordinal);
        Assert.Null(CudaDriver.CudaProblem(new FakeCuda().Open()!.Version));
        Assert.Null(CudaDriver.CudaProblem(null));
        Assert.Contains(
            "470.256.02",
            DeviceChoice.MissingGpu("cuda", () => false, () => CudaDriver.Problem("470.256.02")),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, false, "No problems found.")]
    [InlineData(2, false, "2 problems found.")]
    [InlineData(1, true, "Not well: 1 problem found.")]
    public void Doctor_Verdict_SaysNotWellWhereRunsDoNotWorkAsTheyShould(int problems, bool notWell, string expected) =>
        Assert.Equal(expected, DoctorCommand.Verdict(problems, notWell));

    [Fact]
    public void DisableReducedPrecision_Called_DisablesTf32AndSumsInReducedPrecision()
    {
        TorchRuntime.EnsureLoaded();
        torch.backends.cuda.matmul.allow_tf32 = true;
        torch.backends.cudnn.allow_tf32 = true;

        CudaMath.DisableReducedPrecision();

        Assert.Equal(
            (false, false, false),
            (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32,
                torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction));
        Assert.True(LibtorchContext.ReducesBf16Sums is false or null);
        Assert.Equal(OperatingSystem.IsLinux(), LibtorchContext.DisableReducedBf16Sums() && LibtorchContext.ReducesBf16Sums == false);
        Assert.Null(CudaMath.Warning(Precision.Bf16, new torch.Device(DeviceType.CUDA, 0)));
    }
}
