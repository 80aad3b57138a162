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
internal sealed class BlockwisePass(
    LlamaModel model,
    IReadOnlyList<TrainingExample> rows,
    IReadOnlySet<LinearLayer> targets,
    CancellationToken cancellation,
    Action<int, int> onProgress)
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
        List<Tensor[]> inputs = [];
        Tensor[] gradients = [];
        int total = rows.Count * (model.Blocks.Count + 1 + (model.Blocks.Count - _first));
        double scale = model.Dtype == ScalarType.Float16 ? Fp16LossScale : 1;
        try
        {
            Forward(passes, inputs, total);
            gradients = [.. passes.Select((pass, row) =>
            {
                Tensor gradient = HeadGradient(pass, inputs[^1][row], scale);
                onProgress(++_done, total);
                return gradient;
            })];
            for (int index = model.Blocks.Count - 1; index >= _first; index--)
            {
                LinearLayer[] layers = [.. model.Blocks[index].Linears.Where(targets.Contains)];
                Dictionary<LinearLayer, Tensor> sums = layers.ToDictionary(
                    layer => layer, layer => zeros(layer.Out, layer.In, float64, model.Device).DetachFromDisposeScope());
                try
                {
                    for (int row = 0; row < passes.Length; row++)
                    {
                        Backward(passes[row], index, inputs[index][row], gradients, row, sums);
                        onProgress(++_done, total);
                    }

                    foreach (LinearLayer layer in layers)
                    {
                        cancellation.ThrowIfCancellationRequested();
                        using IDisposable scope = NewDisposeScope();
                        Deliver([layer], sums[layer].Over(scale), measured);
                        onProgress(_done, total);
                    }
                }
                finally
                {
                    DisposeAll(sums.Values);
                    DisposeAll(inputs[index]);
                }
            }
        }
        finally
        {
            DisposeAll(gradients);
            DisposeAll(inputs.SelectMany(streams => streams));
            DisposeAll(passes);
        }
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

    // The inputs of every block are kept for the backward pass, as in gradient checkpointing.
    private void Forward(WindowPass[] passes, List<Tensor[]> inputs, int total)
    {
        using IDisposable noGrad = no_grad();
        inputs.Add(Embed(passes.Select(pass => pass.Examples[0].Ids[..^1])));
        ForwardPass forward = new(cancellation);
        for (int index = 0; index < model.Blocks.Count; index++)
        {
            Tensor[] next = [.. inputs[index].Select(stream => stream.alias().DetachFromDisposeScope())];
            inputs.Add(next);
            for (int row = 0; row < passes.Length; row++)
            {
                Advance(next, row, index, passes[row].TextLengths[0], forward);
                onProgress(++_done, total);
            }
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
        }
    }
}
