using LoraLab.Training.Torch;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Torch;

/// <summary>What is said of a device that cannot be used, before and without one.</summary>
public sealed class CudaChoiceTests
{
    [Theory]
    [InlineData("cuda")]
    [InlineData("cuda:1")]
    public void Problem_BuildWithoutCuda_NamesTheBuildProperty(string device) =>
        Assert.Contains("-p:TorchBackend=cuda", DeviceChoice.Problem(device, "cpu", () => null), StringComparison.Ordinal);

    [Fact]
    public void Problem_DriverThatCudaCannotUse_NamesFoundAndNeededVersion()
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
    public void Problem_DriverThatMayDo_IsNone(string? driver, bool worthMending)
    {
        Assert.Null(DeviceChoice.Problem("cuda:0", "cuda", () => driver));
        Assert.Equal(worthMending, CudaDriver.Advice(driver) is not null);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("cpu")]
    public void Problem_DeviceThatIsAlwaysThere_IsNoneAndNoDriverIsAsked(string device) =>
        Assert.Null(DeviceChoice.Problem(device, "cuda", () => throw new InvalidOperationException("asked")));

    [Fact]
    public void BeExact_SwitchesTf32Off()
    {
        TorchRuntime.EnsureLoaded();
        torch.backends.cuda.matmul.allow_tf32 = true;
        torch.backends.cudnn.allow_tf32 = true;

        CudaMath.DisableReducedPrecision();

        Assert.Equal(
            (false, false, false),
            (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction));
    }
}
