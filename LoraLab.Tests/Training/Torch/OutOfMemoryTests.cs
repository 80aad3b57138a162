using System.Runtime.InteropServices;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Recording;
using Xunit;

namespace LoraLab.Tests.Training.Torch;

/// <summary>Out-of-memory errors of various libraries, and one other error.</summary>
public sealed class OutOfMemoryTests
{
    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 7.79 GiB of which 1.02 GiB is free.")]
    [InlineData("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: "
        + "you tried to allocate 4096000000 bytes. Error code 12 (Cannot allocate memory)")]
    [InlineData("[enforce fail at alloc_cpu.cpp:80] data. DefaultCPUAllocator: not enough memory: you tried to allocate 4096000000 bytes.")]
    [InlineData("std::bad_alloc")]
    [InlineData("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")]
    public void End_NativeText_IsOutOfMemory(string text) => Assert.Equal(EndReason.OutOfMemory, ReasonOf(new ExternalException(text)));

    [Fact]
    public void End_ManagedAndWrapped_IsOutOfMemory()
    {
        Assert.Equal(EndReason.OutOfMemory, ReasonOf(new OutOfMemoryException()));
        Assert.Equal(EndReason.OutOfMemory, ReasonOf(new InvalidOperationException("in a step", new ExternalException("std::bad_alloc"))));
        Assert.Equal(EndReason.OutOfMemory, ReasonOf(new AggregateException(new OutOfMemoryException())));
    }

    [Fact]
    public void End_AnotherNativeError_IsNone() =>
        Assert.Null(ReasonOf(new ExternalException("The size of tensor a (3) must match the size of tensor b (4)")));

    private static EndReason? ReasonOf(Exception problem)
    {
        using StopSignal stop = new();
        return RunEnd.From(problem, stop, _ => { })?.Reason;
    }
}
