using System.Diagnostics;
using System.Globalization;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>
/// Peak memory over the measured intervals of a run (training steps, not loading or evaluation).
/// On the CPU under Linux it is the kernel's high-water mark of the resident set, reset at the start of each interval;
/// elsewhere it is sampled at the end of each step. On a GPU it is the driver's figure for this process or, if the driver reports none
/// (GeForce cards on Windows, some containers), the memory in use on the whole device minus the memory in use before this process touched
/// it. Both include the CUDA context and the pool in which libtorch keeps all memory that loading, decompositions, calibration and
/// evaluations have freed, which TorchSharp can neither measure nor empty.
/// </summary>
public sealed class PeakMemory
{
    private const double Mebibyte = 1024 * 1024;
    private readonly torch.Device _device;
    private readonly Gpus _gpus;
    private readonly bool _hasHighWaterMark;
    private double? _peakMb;
    private bool _measuring;

    /// <summary>A meter for a device.</summary>
    public PeakMemory(torch.Device device)
        : this(device, Gpus.OfThisProcess)
    {
    }

    /// <summary>A meter that reads the memory of a GPU from <paramref name="gpus"/>.</summary>
    internal PeakMemory(torch.Device device, Gpus gpus)
    {
        (_device, _gpus) = (device, gpus);
        if (device.type == DeviceType.CUDA)
        {
            gpus.BeforeUse(device.index);
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
        ? _gpus.Nvml is null ? "not measured (no NVIDIA driver library)"
            : _gpus.UsedMb(_device.index) is null ? "not measured (the NVIDIA driver library does not know this device)"
            : _gpus.IsPerProcess(_device.index) ? "process with pool (NVML)" : "device difference with pool (NVML)"
        : _hasHighWaterMark ? "peak resident set" : "resident set at the end of each step";

    /// <summary>Peak so far, MiB; null before the first interval or if it cannot be measured.</summary>
    public double? PeakMb => _peakMb;

    /// <summary>Memory in use now, MiB; null if it cannot be measured.</summary>
    public double? NowMb => UsedMb();

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

    private void Count(double? usedMb)
    {
        if (usedMb is double value && !(value <= _peakMb))
        {
            _peakMb = value;
        }
    }

    private double? UsedMb() => _device.type == DeviceType.CUDA ? _gpus.OwnMb(_device.index) : ResidentMb();

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
