using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Torch;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Torch;

/// <summary>GPUs through a management library that is complete, absent, old or uninformative; none of it needs a GPU.</summary>
public sealed class NvmlTests
{
    private const double Gibibyte = 1024;

    [Fact]
    public void Devices_CompleteLibrary_ReportsEverything()
    {
        FakeNvml fake = new();
        using (Nvml nvml = fake.Open()!)
        {
            DeviceEntry gpu = Assert.Single(Devices.Entries(nvml.Devices()));

            Assert.Equal(
                ("cuda:0", "NVIDIA GeForce RTX 2070", "7.5", 8 * Gibibyte, 1 * Gibibyte),
                (gpu.Id, gpu.Name, gpu.ComputeCapability, gpu.TotalMemoryMb, gpu.UsedMemoryMb));
            Assert.Equal((0.4, 61, 151.5), (gpu.Utilization, gpu.TemperatureCelsius, gpu.PowerWatts));
            Assert.Equal(("570.133.20", "GPU-aaaa-0"), (nvml.DriverVersion, nvml.Devices()[0].Uuid));
        }

        Assert.Equal((1, 1), (fake.Stopped, fake.Closed));
    }

    [Theory]
    [InlineData("nvmlDeviceGetUtilizationRates")]
    [InlineData("nvmlDeviceGetTemperature")]
    [InlineData("nvmlDeviceGetPowerUsage")]
    [InlineData("nvmlDeviceGetUUID")]
    [InlineData("nvmlDeviceGetName")]
    [InlineData("nvmlDeviceGetMemoryInfo")]
    [InlineData("nvmlDeviceGetCudaComputeCapability")]
    [InlineData("nvmlSystemGetDriverVersion")]
    [InlineData("nvmlDeviceGetComputeRunningProcesses_v3")]
    [InlineData("nvmlDeviceGetHandleByIndex_v2")]
    [InlineData("nvmlDeviceGetCount_v2")]
    [InlineData("nvmlShutdown")]
    public void Devices_LibraryWithoutAFunction_ReportsTheRest(string function)
    {
        using Nvml nvml = new FakeNvml().Without(function).Open()!;
        IReadOnlyList<NvmlDevice> devices = nvml.Devices();

        Assert.Equal(function is "nvmlDeviceGetHandleByIndex_v2" or "nvmlDeviceGetCount_v2" ? 0 : 1, devices.Count);
        Assert.Equal(function != "nvmlSystemGetDriverVersion", nvml.DriverVersion is not null);
        Assert.All(devices, gpu => Assert.Equal(
            (function != "nvmlDeviceGetUtilizationRates", function != "nvmlDeviceGetTemperature", function != "nvmlDeviceGetPowerUsage",
                function != "nvmlDeviceGetUUID"),
            (gpu.Utilization is not null, gpu.TemperatureCelsius is not null, gpu.PowerWatts is not null, gpu.Uuid is not null)));
        Assert.Null(nvml.ProcessBytes(0, 1));
    }

    [Fact]
    public void Open_LibraryThatFailsToInitialize_IsNullAndIsFreed()
    {
        FakeNvml fake = new() { InitResult = 9 };

        Assert.Null(fake.Open());
        Assert.Equal(1, fake.Closed);
        Assert.Null(new FakeNvml().Without("nvmlInit_v2").Open());
    }

    [Fact]
    public void Devices_ReadingThatTheCardDoesNotSupport_IsNull()
    {
        using Nvml nvml = new FakeNvml { Milliwatts = null }.Open()!;

        Assert.Null(Assert.Single(nvml.Devices()).PowerWatts);
    }

    [Fact]
    public void ProcessBytes_ManyProcesses_FindsItsOwnOnItsGpu()
    {
        FakeNvml fake = new() { Gpus = [new("GPU-a", "A", 8, 0), new("GPU-b", "B", 8, 0)] };
        fake.Running.AddRange(Enumerable.Range(1, 50).Select(id => (id, (ulong)id << 20, 1)));
        using Nvml nvml = fake.Open()!;

        Assert.Equal(42ul << 20, nvml.ProcessBytes(1, 42));
        Assert.Null(nvml.ProcessBytes(0, 42));
        Assert.Null(nvml.ProcessBytes(1, 51));
        Assert.Null(nvml.ProcessBytes(2, 42));
    }

    [Fact]
    public void PeakMemory_DriverListsTheProcess_IsThatOfTheProcess()
    {
        FakeNvml fake = new();
        fake.Running.Add((Environment.ProcessId, 3ul << 30, 0));
        PeakMemory memory = new(new torch.Device(DeviceType.CUDA, 0), new Gpus(fake.Open()));
        fake.Gpus[0].Used = 7L << 30;

        Assert.Equal(3 * Gibibyte, memory.Sample());
        Assert.Equal("process with pool (NVML)", memory.Source);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void PeakMemory_DriverDoesNotReportProcesses_IsTheDeviceDifference(bool listed)
    {
        FakeNvml fake = new();
        if (listed)
        {
            // The value that WDDM reports for every process on Windows.
            fake.Running.Add((Environment.ProcessId, ulong.MaxValue, 0));
        }

        PeakMemory memory = new(new torch.Device(DeviceType.CUDA, 0), new Gpus(fake.Open()));
        memory.Begin();
        fake.Gpus[0].Used = 4L << 30;
        memory.Sample();
        fake.Gpus[0].Used = 2L << 30;
        memory.End();

        Assert.Equal((3 * Gibibyte, "device difference with pool (NVML)"), (memory.PeakMb, memory.Source));
    }

    [Fact]
    public void PeakMemory_NoLibrary_IsNotMeasured()
    {
        PeakMemory memory = new(new torch.Device(DeviceType.CUDA, 0), new Gpus(null));

        Assert.Null(memory.Sample());
        Assert.Equal((null, "not measured (no NVIDIA driver library)"), (memory.PeakMb, memory.Source));
    }

    [Theory]
    [InlineData(7, Precision.Fp16)]
    [InlineData(8, Precision.Bf16)]
    [InlineData(9, Precision.Bf16)]
    [InlineData(null, Precision.Fp32)]
    public void PrecisionRule_Gpu_FollowsItsComputeCapability(int? major, Precision expected) =>
        Assert.Equal(expected, PrecisionRule.ForGpu(new() { Capability = major is int known ? (known, 0) : null }));
}
