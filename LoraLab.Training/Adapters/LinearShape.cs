namespace LoraLab.Training.Adapters;

/// <summary>Name and shape of one linear layer of a block.</summary>
/// <param name="Name">Short name, for example <c>q_proj</c>.</param>
/// <param name="Parent"><c>self_attn</c> or <c>mlp</c>.</param>
/// <param name="Out">Output width.</param>
/// <param name="In">Input width.</param>
public sealed record LinearShape(string Name, string Parent, int Out, int In)
{
    /// <summary>Full module name in block <paramref name="layer"/>.</summary>
    public string ModuleName(int layer) => $"model.layers.{layer}.{Parent}.{Name}";
}
