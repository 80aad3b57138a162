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

    [Fact]
    public void DisableReducedPrecision_Called_DisablesTf32()
    {
        TorchRuntime.EnsureLoaded();
        torch.backends.cuda.matmul.allow_tf32 = true;
        torch.backends.cudnn.allow_tf32 = true;

        CudaMath.DisableReducedPrecision();

        Assert.Equal(
            (false, false, false),
            (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32,
                torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction));
    }
}
