using System.Diagnostics;
using System.Globalization;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>
/// Peak memory over the stretches of a run that count (training steps, not loading or evaluation).
/// On the CPU of Linux it is the kernel's own high-water mark of the resident set, set back at the start of each stretch;
/// elsewhere it is sampled at the end of each step.
/// </summary>
public sealed class PeakMemory : IDisposable
{
    private const double Mebibyte = 1024 * 1024;
    private readonly torch.Device _device;
    private readonly Nvml? _nvml;
    private readonly double _usedBeforeMb;
    private readonly bool _kernelMark;
    private double? _peakMb;
    private bool _counting;

    /// <summary>A meter for a device; on a GPU, construct it before the device is first used.</summary>
    public PeakMemory(torch.Device device)
    {
        _device = device;
        if (device.type == DeviceType.CUDA)
        {
            _nvml = Nvml.TryOpen();
            _usedBeforeMb = DeviceUsedMb() ?? 0;
        }
        else
        {
            _kernelMark = OperatingSystem.IsLinux() && ResetMark();
        }
    }

    /// <summary>Where the figure comes from.</summary>
    public string Source => _device.type == DeviceType.CUDA
        ? _nvml is null ? "not measured (no NVIDIA driver library)" : "device difference (NVML)"
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
        double? used = _device.type == DeviceType.CUDA ? DeviceUsedMb() - _usedBeforeMb : ResidentMb();
        Count(used);
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

    /// <inheritdoc />
    public void Dispose() => _nvml?.Dispose();

    private void Count(double? usedMb)
    {
        if (usedMb is double value && !(value <= _peakMb))
        {
            _peakMb = value;
        }
    }

    private double? DeviceUsedMb() => _nvml?.UsedBytes(Math.Max(0, _device.index)) / Mebibyte;

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
