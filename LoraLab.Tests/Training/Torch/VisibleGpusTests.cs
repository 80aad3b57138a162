using LoraLab.Training.Torch;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Torch;

/// <summary>CUDA's device indices, the driver's indices and the names in documents.</summary>
public sealed class VisibleGpusTests
{
    private static readonly NvmlDevice[] _machine =
    [
        new(0, "A", 0, 0, 7, 5) { Uuid = "GPU-1a2b-0" }, new(1, "B", 0, 0, 8, 6) { Uuid = "GPU-1a9f-1" },
        new(2, "C", 0, 0, 9, 0) { Uuid = null },
    ];

    [Theory]
    [InlineData(null, "ABC")]
    [InlineData("1", "B")]
    [InlineData("2, 0", "CA")]
    [InlineData("GPU-1a9", "B")]
    [InlineData("GPU-1a", "")]
    [InlineData("1,7,0", "B")]
    [InlineData("1,1", "B")]
    [InlineData("-1", "")]
    [InlineData("", "")]
    [InlineData("MIG-5e", "")]
    public void Select_Variable_FollowsCuda(string? variable, string expected) =>
        Assert.Equal(expected, string.Concat(VisibleGpus.Select(variable, _machine).Select(gpu => gpu.Name)));

    [Theory]
    [InlineData("cuda:1", null, 1)]
    [InlineData("cuda", null, 0)]
    [InlineData("auto", null, 0)]
    [InlineData("cuda:3", "cuda:3", 0)]
    [InlineData("cuda", "cuda:3", 0)]
    [InlineData("auto", "cuda:3", 0)]
    [InlineData("cuda:0", "cuda:3", -1)]
    public void CudaIndex_InALanesWorker_IsItsOnlyVisibleDevice(string device, string? lane, int expected) =>
        Assert.Equal(expected, DeviceChoice.CudaIndex(device, lane));

    [Theory]
    [InlineData(0, null, "cuda:0")]
    [InlineData(-1, null, "cuda:0")]
    [InlineData(2, null, "cuda:2")]
    [InlineData(0, "cuda:3", "cuda:3")]
    public void NameOf_Gpu_IsTheLanes(int index, string? lane, string expected) =>
        Assert.Equal(expected, DeviceChoice.NameOf(new torch.Device(DeviceType.CUDA, index), lane));

    [Fact]
    public void NameOf_Cpu_IsCpu() => Assert.Equal("cpu", DeviceChoice.NameOf(torch.CPU, "cuda:3"));
}
