using System.Diagnostics;
using System.Globalization;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>
/// Peak memory over the measured intervals of a run (training steps, not loading or evaluation).
/// On the CPU under Linux it is the kernel's high-water mark of the resident set, reset at the start of each interval;
/// elsewhere it is sampled at the end of each step. On a GPU it is the driver's figure for this process or, if the driver reports none
/// (GeForce cards on Windows, some containers), the memory in use on the whole device minus the memory in use before the run.
/// </summary>
public sealed class PeakMemory : IDisposable
{
    private const double Mebibyte = 1024 * 1024;
    private readonly torch.Device _device;
    private readonly Nvml? _nvml;
    private readonly int? _gpu;
    private readonly double _usedBeforeMb;
    private readonly bool _hasHighWaterMark;
    private bool? _perProcess;
    private double? _peakMb;
    private bool _measuring;

    /// <summary>A meter for a device; on a GPU, create it before the device is first used.</summary>
    public PeakMemory(torch.Device device)
        : this(device, device.type == DeviceType.CUDA ? Nvml.TryOpen() : null)
    {
    }

    /// <summary>A meter that uses the given library and disposes it.</summary>
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
            _hasHighWaterMark = OperatingSystem.IsLinux() && ResetHighWaterMark();
        }
    }

    /// <summary>
    /// Source of the figure. On a GPU, read it after the model has been loaded: the driver lists a process from its first use.
    /// </summary>
    public string Source => _device.type == DeviceType.CUDA
        ? _nvml is null ? "not measured (no NVIDIA driver library)"
            : _gpu is null ? "not measured (the NVIDIA driver library does not know this device)"
            : IsPerProcess() ? "process (NVML)" : "device difference (NVML)"
        : _hasHighWaterMark ? "peak resident set" : "resident set at the end of each step";

    /// <summary>Peak so far, MiB; null before the first interval or if it cannot be measured.</summary>
    public double? PeakMb => _peakMb;

    /// <summary>Includes the peak of an earlier attempt of the same run.</summary>
    public void Include(double? peakMb) => Count(peakMb);

    /// <summary>Starts an interval, unless one is active.</summary>
    public void Begin()
    {
        if (_device.type == DeviceType.CPU)
        {
            HeapPolicy.Trim();
        }

        if (!_measuring && _hasHighWaterMark)
        {
            ResetHighWaterMark();
        }

        _measuring = true;
    }

    /// <summary>Call at the end of a step: returns the memory in use, MiB, and includes it in the peak.</summary>
    public double? Sample()
    {
        double? used = UsedMb();
        Count(_measuring && _hasHighWaterMark ? ReadStatus("VmHWM:") : used);
        return used;
    }

    /// <summary>Ends the active interval, if any.</summary>
    public void End()
    {
        if (_measuring && _hasHighWaterMark)
        {
            Count(ReadStatus("VmHWM:"));
        }
        else if (_measuring)
        {
            Sample();
        }

        _measuring = false;
    }

    /// <summary>Starts an interval whose peak is measured separately and not included in the run's.</summary>
    public void BeginUncounted()
    {
        End();
        if (_device.type == DeviceType.CPU)
        {
            HeapPolicy.Trim();
        }

        if (_hasHighWaterMark)
        {
            ResetHighWaterMark();
        }
    }

    /// <summary>Ends it and returns its peak, MiB; without a high-water mark, the memory in use now.</summary>
    public double? EndUncounted() => _hasHighWaterMark ? ReadStatus("VmHWM:") : UsedMb();

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

    private double? GpuMb() => IsPerProcess() ? ProcessMb() : DeviceUsedMb() - _usedBeforeMb;

    // Decided once: a figure must not change its meaning during a run.
    private bool IsPerProcess() => _perProcess ??= ProcessMb() is not null;

    private double? ProcessMb() => _gpu is int gpu ? _nvml?.ProcessBytes(gpu, Environment.ProcessId) / Mebibyte : null;

    private double? DeviceUsedMb() => _gpu is int gpu ? _nvml?.UsedBytes(gpu) / Mebibyte : null;

    private double? ResidentMb()
    {
        if (_hasHighWaterMark)
        {
            return ReadStatus("VmRSS:");
        }

        using Process self = Process.GetCurrentProcess();
        return self.WorkingSet64 / Mebibyte;
    }

    private static double? ReadStatus(string key)
    {
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
        return line is null
            ? null
            : double.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) / 1024;
    }

    private static bool ResetHighWaterMark()
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
