using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Torch;
using TorchSharp;

namespace LoraLab.Training.Models.Weights;

/// <summary>
/// Effects of converting values to a precision of narrower range: the number that underflow to 0, and whether all stay finite. Computed
/// from the bits on the CPU, while they are in the cache; on another device with its operators, read once at the end.
/// </summary>
internal sealed class PrecisionRangeCheck : IDisposable
{
    private readonly torch.Tensor? _deviceFlushed;
    private readonly torch.Tensor? _deviceFinite;
    private long _flushed;
    private bool _finite = true;

    public PrecisionRangeCheck(torch.Device device)
    {
        if (device.type != DeviceType.CPU)
        {
            _deviceFlushed = torch.zeros(1, dtype: torch.int64, device: device).DetachFromDisposeScope();
            _deviceFinite = torch.ones(1, dtype: torch.@bool, device: device).DetachFromDisposeScope();
        }
    }

    /// <summary>
    /// Whether values of <paramref name="from"/> can overflow or underflow in <paramref name="to"/>: a matter of range, not digits.
    /// </summary>
    public static bool Applies(torch.ScalarType from, torch.ScalarType to) => to switch
    {
        torch.ScalarType.Float16 => from != torch.ScalarType.Float16,
        torch.ScalarType.BFloat16 => from is torch.ScalarType.Float32 or torch.ScalarType.Float64,
        torch.ScalarType.Float32 => from == torch.ScalarType.Float64,
        _ => false,
    };

    /// <summary>Adds a chunk of values before and after the conversion, both flat and on the same device.</summary>
    public void Add(torch.Tensor before, torch.Tensor after)
    {
        if (_deviceFlushed is not null)
        {
            using IDisposable scope = torch.NewDisposeScope();
            _deviceFlushed.PlusInPlace(before.count_nonzero().sub(after.count_nonzero()));
            _deviceFinite!.logical_and_(after.isfinite().all());
            return;
        }

        string dtype = SafetensorsDtypes.Name(after.dtype)!;
        _flushed += NonZeroCounter.Count(before.bytes, SafetensorsDtypes.Name(before.dtype)!) - NonZeroCounter.Count(after.bytes, dtype);
        _finite &= NonFinite.FirstIndex(after.bytes, dtype) < 0;
    }

    /// <summary>The number of values that underflowed to 0, and whether all are finite.</summary>
    public (long Flushed, bool Finite) Result() =>
        _deviceFlushed is null ? (_flushed, _finite) : (_deviceFlushed.item<long>(), _deviceFinite!.item<bool>());

    public void Dispose()
    {
        _deviceFlushed?.Dispose();
        _deviceFinite?.Dispose();
    }
}
