using System.Runtime.InteropServices;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Cli;
using LoraLab.Training.Files.Errors;
using Xunit;

namespace LoraLab.Tests.Training.Cli;

/// <summary>Commands whose device fails in the middle of a computation, with exceptions as libtorch words them.</summary>
public sealed class CommandEndTests
{
    private const string Traceback = "The following operation failed in the TorchScript interpreter.\nTraceback of TorchScript (most "
        + "recent call last):\n    return torch.mm(x, w)\n           ~~~~~~~~ <--- HERE\nRuntimeError: ";

    private const string Hint = "\nCUDA kernel errors might be asynchronously reported at some other API call.\n";

    [Theory]
    [InlineData(
        "CUDA error: unknown error",
        "The GPU stopped working (CUDA error: unknown error): try again, and if that happens again, check the card's temperature")]
    [InlineData(
        "CUDA error: CUDA-capable device(s) is/are busy or unavailable", "(nvidia-smi -c 0), then try again.")]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB.", "The device ran out of memory: end other programs")]
    [InlineData("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`", "The device ran out of memory: ")]
    [InlineData("[enforce fail at alloc_cpu.cpp:113] DefaultCPUAllocator: can't allocate memory", "The device ran out of memory: ")]
    [InlineData("CUDA error: no kernel image is available for execution on the device", "no kernels for the GPU")]
    public async Task Run_DeviceThatFails_EndsWithASentence(string text, string expected)
    {
        StringWriter errors = new();

        int code = await CommandEnd.RunAsync(
            () => throw new InvalidOperationException("in a pass", new ExternalException(Traceback + text + Hint)), errors);

        Assert.Equal(ExitCodes.Failure, code);
        string sentence = Assert.Single(errors.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(expected, sentence, StringComparison.Ordinal);
        Assert.EndsWith(".", sentence.TrimEnd(), StringComparison.Ordinal);
        Assert.DoesNotContain("HERE", sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("resume", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_FailureOrSuccess_IsItsMessageOrItsCode()
    {
        StringWriter errors = new();

        Assert.Equal(ExitCodes.Failure, await CommandEnd.RunAsync(() => throw RunFailure.BadData("The file is empty."), errors));
        Assert.Equal(ExitCodes.OverBudget, await CommandEnd.RunAsync(() => Task.FromResult(ExitCodes.OverBudget), errors));

        Assert.Equal($"The file is empty.{Environment.NewLine}", errors.ToString());
    }

    /// <summary>A bug is not hidden behind a sentence.</summary>
    [Fact]
    public async Task Run_AnyOtherException_IsThrown() => await Assert.ThrowsAsync<ExternalException>(() => CommandEnd.RunAsync(
        () => throw new ExternalException("The size of tensor a (3) must match the size of tensor b (4)"), new StringWriter()));
}
