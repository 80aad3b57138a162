using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Api;

/// <summary>Predictions on demand, and tokens.</summary>
public sealed partial class LabApi
{
    /// <summary>Asks a model, or runs side by side.</summary>
    public Task<ModelPredictResult> PredictAsync(ModelPredictRequest request, CancellationToken cancellationToken) =>
        SendAsync<ModelPredictResult>(
            new(HttpMethod.Post, Relative(ApiRoutes.Predict)) { Content = WithoutNulls(request) }, cancellationToken);

    /// <summary>Fetches the tokens of texts.</summary>
    public Task<TokenizeResult> TokenizeAsync(TokenizeRequest request, CancellationToken cancellationToken) =>
        SendAsync<TokenizeResult>(
            new(HttpMethod.Post, Relative(ApiRoutes.Tokenize)) { Content = WithoutNulls(request) }, cancellationToken);
}
