using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Calibration;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Gradients;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Training.Calibration;

/// <summary>
/// Takes calibration rows through a model block by block: all rows through one block, then through the next. What is measured, a matrix for
/// each layer, is in memory for one block at a time, and the rows go through the model once.
/// </summary>
/// <param name="model">The model, without adapters.</param>
/// <param name="rows">The rows.</param>
/// <param name="targets">The layers to measure.</param>
/// <param name="cancellation">Cancels between two rows.</param>
/// <param name="onProgress">Called after each row of each block with the number done and the total.</param>
/// <param name="segmentLength">Blocks in a segment of a backward pass; null: as many as <see cref="GradientCheckpoints"/> says.</param>
internal sealed class BlockwisePass(
    LlamaModel model,
    IReadOnlyList<TrainingExample> rows,
    IReadOnlySet<LinearLayer> targets,
    CancellationToken cancellation,
    Action<int, int> onProgress,
    int? segmentLength = null)
{
    // Gradients of half precision would underflow.
    private const double Fp16LossScale = 4096;

    private readonly int _first = Enumerable.Range(0, model.Blocks.Count).First(index => model.Blocks[index].Linears.Any(targets.Contains));
    private readonly int _last = Enumerable.Range(0, model.Blocks.Count).Last(index => model.Blocks[index].Linears.Any(targets.Contains));
    private int _done;

    /// <summary>Measures the covariances of inputs, over every token of each row.</summary>
    /// <param name="measure">Which covariance.</param>
    /// <param name="measured">Receives the layers of a block that read the same input, and the covariance, which it does not own.</param>
    public void Covariances(CalibrationMeasure measure, Action<IReadOnlyList<LinearLayer>, Tensor> measured)
    {
        using IDisposable noGrad = no_grad();
        Tensor[] streams = Embed(rows.Select(row => row.Ids));
        try
        {
            int total = rows.Count * (_last + 1);
            for (int index = 0; index <= _last; index++)
            {
                Dictionary<LinearGroup, LinearLayer[]> groups = Groups(index);
                Dictionary<LinearLayer, InputMoments> moments = groups.Values.ToDictionary(
                    layers => layers[0], layers => new InputMoments(measure, layers[0].In, model.Device));
                try
                {
                    ForwardPass pass = new(cancellation)
                    {
                        Observed = (layer, x_BTI) => moments.GetValueOrDefault(layer)?.Add(x_BTI),
                    };
                    for (int row = 0; row < streams.Length; row++)
                    {
                        Advance(streams, row, index, rows[row].Ids.Length, pass);
                        onProgress(++_done, total);
                    }

                    foreach (LinearLayer[] layers in groups.Values)
                    {
                        cancellation.ThrowIfCancellationRequested();
                        using IDisposable scope = NewDisposeScope();
                        Deliver(layers, moments[layers[0]].Covariance(), measured);
                        onProgress(_done, total);
                    }
                }
                finally
                {
                    DisposeAll(moments.Values);
                }
            }
        }
        finally
        {
            DisposeAll(streams);
        }
    }

    /// <summary>Measures the gradients of the rows' loss as one window.</summary>
    /// <param name="weighting">Weighting of the targets in the loss.</param>
    /// <param name="measured">Receives a layer and its gradient, which it does not own.</param>
    public void Gradients(LossWeighting weighting, Action<IReadOnlyList<LinearLayer>, Tensor> measured)
    {
        WindowPass[] passes = [.. WindowPass.Split([.. rows], 1, weighting, model.Device)];
        // Inputs of the first block of each segment that has layers to measure, by its number.
        SortedDictionary<int, Tensor[]> kept = [];
        Tensor[] gradients = [];
        double scale = model.Dtype == ScalarType.Float16 ? Fp16LossScale : 1;
        int total = rows.Count * (model.Blocks.Count + 1 + Segments().Sum(segment =>
            segment.End - 1 - segment.Start + (segment.End - Math.Max(segment.Start, _first))));
        try
        {
            Tensor[] outputs = Forward(passes, kept, total);
            gradients = [.. passes.Select((pass, row) =>
            {
                Tensor gradient = HeadGradient(pass, outputs[row], scale);
                outputs[row].Dispose();
                onProgress(++_done, total);
                return gradient;
            })];
            foreach ((int start, int end) in Segments().Reverse())
            {
                SegmentGradients(passes, kept[start], start, end, gradients, Scaled, total);
            }
        }
        finally
        {
            DisposeAll(gradients);
            DisposeAll(kept.Values.SelectMany(streams => streams));
            DisposeAll(passes);
        }

        void Scaled(LinearLayer layer, Tensor sum_OI) => Deliver([layer], sum_OI.Over(scale), measured);
    }

    private static void Deliver(
        IReadOnlyList<LinearLayer> layers, Tensor matrix, Action<IReadOnlyList<LinearLayer>, Tensor> measured)
    {
        if (!matrix.isfinite().all().item<bool>())
        {
            throw RunFailure.BadData(
                $"The calibration of {layers[0].Name} is not finite: the weights of the model are damaged or overflow in this precision; "
                    + "use precision fp32.",
                "precision");
        }

        measured(layers, matrix);
    }

    private static void DisposeAll(IEnumerable<IDisposable> items)
    {
        foreach (IDisposable item in items)
        {
            item.Dispose();
        }
    }

    private Dictionary<LinearGroup, LinearLayer[]> Groups(int index) => model.Blocks[index].Description.Linears
        .Zip(model.Blocks[index].Linears).Where(pair => targets.Contains(pair.Second))
        .GroupBy(pair => pair.First.Group, pair => pair.Second).ToDictionary(group => group.Key, group => group.ToArray());

    private Tensor[] Embed(IEnumerable<int[]> texts)
    {
        return [.. texts.Select(ids =>
        {
            using IDisposable scope = NewDisposeScope();
            return model.Embed(tensor([.. ids.Select(id => (long)id)], device: model.Device)).unsqueeze(0).DetachFromDisposeScope();
        })];
    }

    private void Advance(Tensor[] streams, int row, int index, int textLength, ForwardPass pass)
    {
        cancellation.ThrowIfCancellationRequested();
        using IDisposable scope = NewDisposeScope();
        Tensor next_BTD = model.RunBlock(index, streams[row], [textLength], pass).DetachFromDisposeScope();
        streams[row].Dispose();
        streams[row] = next_BTD;
    }

    /// <summary>The segments of blocks with layers to measure, first and end.</summary>
    private IEnumerable<(int Start, int End)> Segments()
    {
        int length = segmentLength ?? GradientCheckpoints.SegmentLength(model.Blocks.Count);
        return Enumerable.Range(0, (model.Blocks.Count + length - 1) / length)
            .Select(segment => (segment * length, Math.Min((segment + 1) * length, model.Blocks.Count)))
            .Where(segment => segment.Item2 > _first);
    }

    /// <summary>Takes the rows through all blocks and keeps the inputs of segments; returns the outputs, which the caller owns.</summary>
    private Tensor[] Forward(WindowPass[] passes, SortedDictionary<int, Tensor[]> kept, int total)
    {
        using IDisposable noGrad = no_grad();
        HashSet<int> starts = [.. Segments().Select(segment => segment.Start)];
        Tensor[] streams = Embed(passes.Select(pass => pass.Examples[0].Ids[..^1]));
        for (int index = 0; index < model.Blocks.Count; index++)
        {
            if (starts.Contains(index))
            {
                kept[index] = [.. streams.Select(stream => stream.alias().DetachFromDisposeScope())];
            }

            AdvanceAll(passes, streams, index, total);
        }

        return streams;
    }

    private void AdvanceAll(WindowPass[] passes, Tensor[] streams, int index, int total)
    {
        ForwardPass forward = new(cancellation);
        for (int row = 0; row < passes.Length; row++)
        {
            Advance(streams, row, index, passes[row].TextLengths[0], forward);
            onProgress(++_done, total);
        }
    }

    /// <summary>Computes the inputs of a segment's blocks again, and goes back through them.</summary>
    private void SegmentGradients(
        WindowPass[] passes, Tensor[] first, int start, int end, Tensor[] gradients, Action<LinearLayer, Tensor> measured, int total)
    {
        List<Tensor[]> inputs = [first];
        try
        {
            using (no_grad())
            {
                for (int index = start; index < end - 1; index++)
                {
                    Tensor[] next = [.. inputs[^1].Select(stream => stream.alias().DetachFromDisposeScope())];
                    inputs.Add(next);
                    AdvanceAll(passes, next, index, total);
                }
            }

            for (int index = end - 1; index >= Math.Max(start, _first); index--)
            {
                BlockGradients(passes, index, inputs[index - start], gradients, measured, total);
                DisposeAll(inputs[index - start]);
            }
        }
        finally
        {
            DisposeAll(inputs.SelectMany(streams => streams));
        }
    }

    private void BlockGradients(
        WindowPass[] passes, int index, Tensor[] inputs, Tensor[] gradients, Action<LinearLayer, Tensor> measured, int total)
    {
        LinearLayer[] layers = [.. model.Blocks[index].Linears.Where(targets.Contains)];
        Dictionary<LinearLayer, Tensor> sums = layers.ToDictionary(
            layer => layer, layer => zeros(layer.Out, layer.In, float64, model.Device).DetachFromDisposeScope());
        try
        {
            for (int row = 0; row < passes.Length; row++)
            {
                Backward(passes[row], index, inputs[row], gradients, row, sums);
                onProgress(++_done, total);
            }

            foreach (LinearLayer layer in layers)
            {
                cancellation.ThrowIfCancellationRequested();
                using IDisposable scope = NewDisposeScope();
                measured(layer, sums[layer]);
                onProgress(_done, total);
            }
        }
        finally
        {
            DisposeAll(sums.Values);
        }
    }

    private Tensor HeadGradient(WindowPass pass, Tensor stream_BTD, double scale)
    {
        cancellation.ThrowIfCancellationRequested();
        using IDisposable scope = NewDisposeScope();
        Tensor x_BTD = stream_BTD.detach().requires_grad_(true);
        Tensor hidden_BTD = model.FinalNorm.Forward(x_BTD).to(model.Dtype);
        Tensor hidden_ND = hidden_BTD.reshape(-1, hidden_BTD.shape[2]).index_select(0, pass.TargetPositions_N);
        Tensor losses_N = functional.cross_entropy(model.Logits(hidden_ND), pass.TargetIds_N, reduction: Reduction.None);
        losses_N.mul(pass.Weights_N).sum().Times(scale).backward();
        return x_BTD.grad!.detach().clone().DetachFromDisposeScope();
    }

    private void Backward(
        WindowPass pass, int index, Tensor stream_BTD, Tensor[] gradients, int row, Dictionary<LinearLayer, Tensor> sums)
    {
        cancellation.ThrowIfCancellationRequested();
        using IDisposable scope = NewDisposeScope();
        IDisposable[] unpacked = [.. sums.Keys.Select(layer => layer.Unpack())];
        try
        {
            foreach (LinearLayer layer in sums.Keys)
            {
                layer.Weight_OI.requires_grad = true;
            }

            Tensor x_BTD = stream_BTD.detach().requires_grad_(true);
            Tensor y_BTD = model.RunBlock(index, x_BTD, pass.TextLengths, new ForwardPass(cancellation));
            y_BTD.backward([gradients[row]]);
            using IDisposable noGrad = no_grad();
            gradients[row].Dispose();
            gradients[row] = x_BTD.grad!.detach().clone().DetachFromDisposeScope();
            foreach ((LinearLayer layer, Tensor sum_OI) in sums)
            {
                sum_OI.PlusInPlace(layer.Weight_OI.grad!.to(float64));
            }
        }
        finally
        {
            foreach (LinearLayer layer in sums.Keys)
            {
                layer.Weight_OI.grad = null;
                layer.Weight_OI.requires_grad = false;
            }

            Array.ForEach(unpacked, one => one.Dispose());
        }
    }
}
