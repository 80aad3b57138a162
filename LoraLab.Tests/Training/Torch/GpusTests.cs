using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Torch;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Torch;

/// <summary>What is known of a GPU from the CUDA driver and the management library, each of which may be absent.</summary>
public sealed class GpusTests
{
    private const double Gibibyte = 1024;
    private static readonly torch.Device _first = new(DeviceType.CUDA, 0);

    [Fact]
    public void Describe_NoManagementLibrary_AsksTheCudaDriver()
    {
        Gpus gpus = new(null, new FakeCuda().Open());

        GpuDescription gpu = gpus.Describe(0);
        DeviceEntry entry = Assert.Single(Devices.Visible(gpus));

        Assert.Equal(("NVIDIA GeForce RTX 2070", 8ul << 30, (7, 5), false), (gpu.Name, gpu.TotalBytes, gpu.Capability, gpu.HasBf16));
        Assert.Equal(("cuda:0", gpu.Name, 8 * Gibibyte, "7.5"), (entry.Id, entry.Name, entry.TotalMemoryMb, entry.ComputeCapability));
        Assert.Equal(Precision.Fp16, PrecisionRule.ForGpu(gpu));
        Assert.Null(Devices.UnknownMemoryWarning(gpu, "cuda:0"));
    }

    [Fact]
    public void Describe_NoLibrary_LimitsNothingAndWarns()
    {
        GpuDescription gpu = new Gpus(null).Describe(0);

        Assert.Equal(Precision.Fp32, PrecisionRule.ForGpu(gpu));
        Assert.Contains("set memoryBudgetMb", Devices.UnknownMemoryWarning(gpu, "cuda:0"), StringComparison.Ordinal);
        Assert.Contains(
            "precision auto is fp32", PrecisionRule.WarningForGpu(Precision.Auto, Precision.Fp32, gpu), StringComparison.Ordinal);
        Assert.Null(PrecisionRule.WarningForGpu(Precision.Bf16, Precision.Bf16, gpu));
    }

    [Theory]
    [InlineData("cuDeviceGet", false, false)]
    [InlineData("cuDeviceTotalMem_v2", false, true)]
    [InlineData("cuDeviceGetAttribute", true, false)]
    public void Describe_DriverWithoutAFunction_ReportsTheRest(string function, bool total, bool capability)
    {
        GpuDescription gpu = new Gpus(null, new FakeCuda().Without(function).Open()).Describe(0);

        Assert.Equal((total, capability), (gpu.TotalBytes is not null, gpu.Capability is not null));
    }

    [Fact]
    public void Open_DriverThatFailsToInitialize_IsNull() => Assert.Null(new FakeCuda { InitResult = 100 }.Open());

    [Fact]
    public void Describe_InstanceOfAPartitionedGpu_IsTheInstance()
    {
        FakeNvml nvml = new() { Gpus = [new("GPU-a", "NVIDIA A100", 8, 0)] };
        FakeCuda cuda = new() { Gpus = [new("NVIDIA A100 MIG 2g", 8, 0) { Total = 2L << 30 }], HasContext = true, Free = 1L << 30 };
        Gpus gpus = new(nvml.Open(), cuda.Open());
        PeakMemory memory = new(_first, gpus);

        Assert.Equal((2 * Gibibyte, 1 * Gibibyte), (gpus.TotalMb(0), gpus.FreeMb(0)));
        Assert.Null(memory.Sample());
        Assert.Equal("not measured (the NVIDIA driver library does not know this device)", memory.Source);
        Assert.Equal((0, 0), (cuda.Retained, cuda.Pushed));
    }

    [Fact]
    public void FreeMb_ProcessThatHasNotUsedTheGpu_MakesNoContext()
    {
        FakeCuda cuda = new();

        Assert.Null(new Gpus(null, cuda.Open()).FreeMb(0));
        Assert.Equal(0, cuda.Retained);
    }

    [Fact]
    public void PeakMemory_SecondMeterOfAProcess_CountsWhatTheFirstUseTook()
    {
        FakeNvml fake = new();
        Gpus gpus = new(fake.Open());
        gpus.BeforeUse(0);
        fake.Gpus[0].Used += 300L << 20; // The CUDA context.
        PeakMemory estimate = new(_first, gpus);
        Assert.Equal(300, estimate.Sample());
        fake.Gpus[0].Used += 200L << 20;

        Assert.Equal(500, new PeakMemory(_first, gpus).Sample());
    }

    [Fact]
    public void TakenByOthersMb_DriverReportsProcesses_IsWhatCameLater()
    {
        FakeNvml fake = new();
        fake.Running.Add((4242, 1ul << 30, 0));
        Gpus gpus = new(fake.Open());
        gpus.BeforeUse(0);
        fake.Running.Add((Environment.ProcessId, 2ul << 30, 0));
        fake.Gpus[0].Used = 6L << 30;

        Assert.Equal(3 * Gibibyte, gpus.TakenByOthersMb(0));
        Assert.Equal([4242], gpus.ProcessesBefore(0));
    }

    [Theory]
    [InlineData(7, Precision.Bf16, true)]
    [InlineData(7, Precision.Fp16, false)]
    [InlineData(8, Precision.Bf16, false)]
    public void PrecisionRule_Bf16BelowCapability8_Warns(int major, Precision used, bool warns) => Assert.Equal(
        warns,
        PrecisionRule.WarningForGpu(used, used, new() { Capability = (major, 5) })?.Contains("use fp16", StringComparison.Ordinal) == true);

    [Theory]
    [InlineData(7, Precision.Fp16)]
    [InlineData(8, Precision.Bf16)]
    [InlineData(null, Precision.Fp16)]
    public void PrecisionRule_Advice_NamesBf16OnlyWhereTheCardHasIt(int? major, Precision half) =>
        Assert.Equal(half, PrecisionRule.Half(new GpuDescription { Capability = major is int known ? (known, 0) : null }));
}
