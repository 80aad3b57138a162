using System.Diagnostics;
using System.Globalization;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>
/// Peak memory over the stretches of a run that count (training steps, not loading or evaluation).
/// On the CPU of Linux it is the kernel's own high-water mark of the resident set, set back at the start of each stretch;
/// elsewhere it is sampled at the end of each step. On a GPU it is what the driver says of this process or, where it says nothing
/// of processes (GeForce cards under Windows, some containers), what is in use on the whole device less what was before.
/// </summary>
public sealed class PeakMemory : IDisposable
{
    private const double Mebibyte = 1024 * 1024;
    private readonly torch.Device _device;
    private readonly Nvml? _nvml;
    private readonly int? _gpu;
    private readonly double _usedBeforeMb;
    private readonly bool _kernelMark;
    private bool? _ofProcess;
    private double? _peakMb;
    private bool _counting;

    /// <summary>A meter for a device; on a GPU, construct it before the device is first used.</summary>
    public PeakMemory(torch.Device device)
        : this(device, device.type == DeviceType.CUDA ? Nvml.TryOpen() : null)
    {
    }

    /// <summary>A meter that asks a given library, and disposes of it.</summary>
    internal PeakMemory(torch.Device device, Nvml? nvml)
    {
        (_device, _nvml) = (device, nvml);
        if (device.type == DeviceType.CUDA)
        {
            _gpu = VisibleGpus.At(nvml, device.index)?.Index;
            _usedBeforeMb = DeviceUsedMb() ?? 0;
        }
        else
        {
            _kernelMark = OperatingSystem.IsLinux() && ResetMark();
        }
    }

    /// <summary>
    /// Where the figure comes from. On a GPU, ask when the model is there: the driver lists a process from its first use on.
    /// </summary>
    public string Source => _device.type == DeviceType.CUDA
        ? _nvml is null ? "not measured (no NVIDIA driver library)"
            : _gpu is null ? "not measured (the NVIDIA driver library does not know this device)"
            : OfProcess() ? "process (NVML)" : "device difference (NVML)"
        : _kernelMark ? "peak resident set" : "resident set at the end of each step";

    /// <summary>Peak so far, MiB; null before the first stretch and where it cannot be measured.</summary>
    public double? PeakMb => _peakMb;

    /// <summary>Counts the peak of an earlier attempt of the same run.</summary>
    public void Include(double? peakMb) => Count(peakMb);

    /// <summary>A stretch begins, unless one goes on.</summary>
    public void Begin()
    {
        if (_device.type == DeviceType.CPU)
        {
            HeapPolicy.Trim();
        }

        if (!_counting && _kernelMark)
        {
            ResetMark();
        }

        _counting = true;
    }

    /// <summary>The end of a step: returns memory in use, MiB, and counts it.</summary>
    public double? Sample()
    {
        double? used = UsedMb();
        Count(_counting && _kernelMark ? Status("VmHWM:") : used);
        return used;
    }

    /// <summary>A stretch ends, where one goes on.</summary>
    public void End()
    {
        if (_counting && _kernelMark)
        {
            Count(Status("VmHWM:"));
        }
        else if (_counting)
        {
            Sample();
        }

        _counting = false;
    }

    /// <summary>Something begins whose memory is not the run's peak, but is looked at.</summary>
    public void BeginUncounted()
    {
        End();
        if (_device.type == DeviceType.CPU)
        {
            HeapPolicy.Trim();
        }

        if (_kernelMark)
        {
            ResetMark();
        }
    }

    /// <summary>It ends: its peak, MiB; where the system keeps no mark, what is in use now.</summary>
    public double? EndUncounted() => _kernelMark ? Status("VmHWM:") : UsedMb();

    /// <inheritdoc />
    public void Dispose() => _nvml?.Dispose();

    private void Count(double? usedMb)
    {
        if (usedMb is double value && !(value <= _peakMb))
        {
            _peakMb = value;
        }
    }

    private double? UsedMb() => _device.type == DeviceType.CUDA ? GpuMb() : ResidentMb();

    private double? GpuMb() => OfProcess() ? ProcessMb() : DeviceUsedMb() - _usedBeforeMb;

    // Decided once: a figure must not change its meaning in the middle of a run.
    private bool OfProcess() => _ofProcess ??= ProcessMb() is not null;

    private double? ProcessMb() => _gpu is int gpu ? _nvml?.ProcessBytes(gpu, Environment.ProcessId) / Mebibyte : null;

    private double? DeviceUsedMb() => _gpu is int gpu ? _nvml?.UsedBytes(gpu) / Mebibyte : null;

    private double? ResidentMb()
    {
        if (_kernelMark)
        {
            return Status("VmRSS:");
        }

        using Process self = Process.GetCurrentProcess();
        return self.WorkingSet64 / Mebibyte;
    }

    private static double? Status(string key)
    {
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
        return line is null
            ? null
            : double.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) / 1024;
    }

    private static bool ResetMark()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
