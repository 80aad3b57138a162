namespace LoraLab.Server.Hosting;

/// <summary>
/// Answers <c>HEAD</c> wherever <c>GET</c> is answered: the request is routed like a GET and executed as HEAD, so that the handler sends
/// the same status and headers, and the server leaves the body out.
/// </summary>
internal static class HeadRequests
{
    private static readonly object _marker = new();

    public static void UseRoutingWithHead(this WebApplication app)
    {
        app.Use(static (context, next) =>
        {
            if (HttpMethods.IsHead(context.Request.Method))
            {
                context.Items[_marker] = true;
                context.Request.Method = HttpMethods.Get;
            }

            return next(context);
        });
        app.UseRouting();
        app.Use(static (context, next) =>
        {
            if (context.Items.ContainsKey(_marker))
            {
                context.Request.Method = HttpMethods.Head;
            }

            return next(context);
        });
    }
}
