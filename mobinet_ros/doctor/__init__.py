"""`mobinet doctor`: looks at the live graph for a few seconds and says why nothing comes.

`graph` fills a plain `snapshot` over rclpy, the `check_*` modules are pure functions from it to findings, `report`
prints them and `command` joins the three.
"""
