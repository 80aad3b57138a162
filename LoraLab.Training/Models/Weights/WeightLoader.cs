using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Torch;
using TorchSharp;

namespace LoraLab.Training.Models.Weights;

/// <summary>
/// Loads weights to a device in a precision. On the CPU, in the precision of the file, weights are memory-mapped; those that need
/// conversion are converted in one pass over the file; those for a GPU are streamed. All values are checked to be finite.
/// </summary>
public sealed class WeightLoader : IDisposable
{
    // Small enough to be still in the cache when it is converted, large enough for several threads.
    private const long ChunkElements = 1 << 21;

    private readonly CheckpointWeights _weights;
    private readonly torch.Device _device;
    private readonly StagedReads? _staged;
    private long _mostFlushed;

    /// <summary>A loader; the caller keeps ownership of the weights.</summary>
    public WeightLoader(CheckpointWeights weights, torch.Device device)
        : this(weights, device, device.type == DeviceType.CPU ? null : new StagedReads(device, StagedReads.DefaultBytes))
    {
    }

    internal WeightLoader(CheckpointWeights weights, torch.Device device, StagedReads? staged)
    {
        (_weights, _device, _staged) = (weights, device, staged);
    }

    /// <summary>Report of what has been loaded so far.</summary>
    public LoadReport Report { get; private set; } = new();

    /// <summary>
    /// Loads a tensor to the device; it stays valid when the files are closed, and the caller's dispose scope owns it. Writing to it never
    /// changes the file.
    /// </summary>
    /// <exception cref="RunFailure">
    /// There is no such tensor, it is not floating-point, or a value is NaN or infinite or becomes so in this precision.
    /// </exception>
    public torch.Tensor Load(string name, torch.ScalarType dtype)
    {
        (SafetensorsFile file, string stored) = _weights.Find(name);
        SafetensorsEntry entry = file.FloatEntry(stored);
        torch.ScalarType precision = SafetensorsDtypes.Torch(entry.Dtype)!.Value;
        bool asStored = precision == dtype && _staged is null;
        bool inPlace = false;
        torch.Tensor weight = asStored
            ? file.InPlaceOrCopy(entry, precision, out inPlace)
            : torch.empty([.. entry.Shape], dtype: dtype, device: _device);
        try
        {
            long flushed = 0;
            if (asStored)
            {
                file.RequireFinite(entry, weight, 0);
            }
            else
            {
                flushed = Fill(weight, file, entry, precision);
            }

            Count(name, weight, inPlace, flushed);
            return weight;
        }
        catch
        {
            weight.Dispose();
            throw;
        }
    }

    /// <summary>Frees the buffers; loaded weights stay valid.</summary>
    public void Dispose() => _staged?.Dispose();

    private long Fill(torch.Tensor target, SafetensorsFile file, SafetensorsEntry entry, torch.ScalarType stored)
    {
        using IDisposable noGrad = torch.no_grad();
        using IDisposable scope = torch.NewDisposeScope();
        using PrecisionRangeCheck? range = PrecisionRangeCheck.Applies(stored, target.dtype) ? new(target.device) : null;
        PageAdvice.RequestHugePages(target);
        torch.Tensor flat = target.view(-1);
        if (_staged is not null)
        {
            _staged.ForEach(file, entry, stored, Convert);
        }
        else
        {
            torch.Tensor source = file.InPlaceOrCopy(entry, stored, out bool mapped).view(-1);
            for (long first = 0; first < flat.shape[0]; first += ChunkElements)
            {
                using torch.Tensor chunk = source.narrow(0, first, Math.Min(ChunkElements, flat.shape[0] - first));
                Convert(chunk, first);
            }

            if (mapped)
            {
                PageAdvice.ReleaseMapped(source);
            }
        }

        (long flushed, bool finite) = range?.Result() ?? (0, true);
        return finite
            ? flushed
            : throw RunFailure.BadData(
                $"Tensor '{Excerpt.Of(entry.Name)}' in {Path.GetDirectoryName(file.Path)} has values out of range for "
                    + $"{target.dtype.ToString().ToLowerInvariant()}; set precision to fp32.",
                "model");

        void Convert(torch.Tensor chunk, long first)
        {
            using IDisposable chunkScope = torch.NewDisposeScope();
            file.RequireFinite(entry, chunk, first);
            // Moved in the precision of the file: a copy that also converts would do so on the CPU, into memory that is not pinned.
            torch.Tensor moved = target.device.type == DeviceType.CPU ? chunk : chunk.to(target.device, non_blocking: true);
            torch.Tensor converted = flat.narrow(0, first, chunk.shape[0]);
            converted.copy_(moved);
            range?.Add(moved, converted);
        }
    }

    private void Count(string name, torch.Tensor weight, bool inPlace, long flushed)
    {
        long bytes = weight.numel() * weight.ElementSize;
        Report = Report with
        {
            Values = Report.Values + weight.numel(),
            MappedBytes = Report.MappedBytes + (inPlace ? bytes : 0),
            CopiedBytes = Report.CopiedBytes + (inPlace ? 0 : bytes),
            FlushedToZero = Report.FlushedToZero + flushed,
            MostFlushed = flushed > _mostFlushed ? name : Report.MostFlushed,
        };
        _mostFlushed = Math.Max(_mostFlushed, flushed);
    }
}
