using System.Runtime.InteropServices;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Recording;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Torch;

/// <summary>Errors of CUDA as libtorch words them, and what a run says about them.</summary>
public sealed class CudaErrorTests
{
    private const string Hint = "\nCUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below "
        + "might be incorrect.\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1";

    [Theory]
    [InlineData("CUDA error: unknown error")]
    [InlineData("CUDA error: device-side assert triggered")]
    [InlineData("CUDA error: an illegal memory access was encountered")]
    [InlineData("CUDA error: unspecified launch failure")]
    [InlineData("CUDA error: the launch timed out and was terminated")]
    [InlineData("CUDA error: uncorrectable ECC error encountered")]
    [InlineData("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx(...)`")]
    public void End_DeviceThatStoppedWorking_IsNamedAndResumable(string text)
    {
        RunEnd end = EndOf(new InvalidOperationException("in a step", new ExternalException(text + Hint)), out string log);

        Assert.Equal(EndReason.WorkerLost, end.Reason);
        Assert.StartsWith($"The GPU stopped working ({text}): resume the run", end.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("CUDA_LAUNCH_BLOCKING", end.Message, StringComparison.Ordinal);
        Assert.Contains(text, log, StringComparison.Ordinal);
    }

    [Fact]
    public void End_ErrorInTorchScript_QuotesTheErrorOnly()
    {
        RunEnd end = EndOf(
            new ExternalException("The following operation failed in the TorchScript interpreter.\nTraceback of TorchScript (most recent "
                + "call last):\n  File \"<string>\", line 12\n    return torch.mm(x, w)\n           ~~~~~~~~ <--- HERE\n"
                + "RuntimeError: CUDA error: unknown error" + Hint),
            out _);

        Assert.StartsWith("The GPU stopped working (CUDA error: unknown error): ", end.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void End_CardWithoutKernels_NamesCardAndCapability()
    {
        RunFailure? failure = CudaError.From(
            new ExternalException("CUDA error: no kernel image is available for execution on the device" + Hint),
            gpu: new() { Name = "NVIDIA GeForce GTX 1060", Capability = (6, 1) });

        Assert.Equal((EndReason.BadData, "device"), (failure?.Reason, failure?.Field));
        Assert.Contains(
            "no kernels for NVIDIA GeForce GTX 1060 with compute capability 6.1", failure!.Message, StringComparison.Ordinal);
        Assert.Contains("use device cpu, or a libtorch that supports the card", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CUDA error: CUDA driver version is insufficient for CUDA runtime version", null, "update the driver")]
    [InlineData("CUDA driver error: forward compatibility was attempted on non supported HW", "470.256.02", "driver is 470.256.02")]
    [InlineData("CUDA error: CUDA-capable device(s) is/are busy or unavailable", null, "Another program uses the GPU exclusively")]
    public void End_DriverOrComputeMode_IsNamed(string text, string? driver, string expected)
    {
        RunFailure? failure = CudaError.From(new ExternalException(text), driver);

        Assert.Equal((EndReason.BadData, "device"), (failure?.Reason, failure?.Field));
        Assert.Contains(expected, failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Trial_DeviceThatCannotCompute_EndsTheRunWithASentence()
    {
        torch.Device device = new(DeviceType.CUDA, 0);
        Gpus gpus = new(new FakeNvml { Driver = "470.256.02" }.Open(), new FakeCuda().Open());

        string noKernel = Trial("CUDA error: no kernel image is available for execution on the device");
        Assert.Contains("RTX 2070 with compute capability 7.5", noKernel, StringComparison.Ordinal);
        Assert.Contains("470.256.02", Trial("CUDA error: CUDA driver version is insufficient"), StringComparison.Ordinal);
        Assert.Contains(
            "wrong sums", Assert.Throws<RunFailure>(() => DeviceTrial.Require(device, _ => 5, gpus)).Message, StringComparison.Ordinal);
        DeviceTrial.Require(device, _ => 4, gpus);
        Assert.Throws<ExternalException>(() =>
            DeviceTrial.Require(device, _ => throw new ExternalException("CUDA error: out of memory"), gpus));

        string Trial(string text) => Assert.Throws<RunFailure>(() =>
            DeviceTrial.Require(device, _ => throw new ExternalException(text), gpus)).Message;
    }

    [Fact]
    public void End_CublasWithoutMemory_IsOutOfMemory() => Assert.Equal(
        EndReason.OutOfMemory,
        EndOf(new ExternalException("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"), out _).Reason);

    private static RunEnd EndOf(Exception problem, out string log)
    {
        string lines = "";
        using StopSignal stop = new();
        RunEnd? end = RunEnd.From(problem, stop, line => lines += line);
        log = lines;
        return Assert.IsType<RunEnd>(end);
    }
}
